#include "lib/openai/audio_length.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace nufi::openai {
namespace {

// Bytes per second.
constexpr std::uint64_t kLeastSpeech = 250;
constexpr std::uint64_t kLeastMp3 = 1'000;
constexpr std::uint64_t kLeastFlac = 4'000;
constexpr std::uint64_t kLikelySpeech = 4'000;
constexpr std::uint64_t kLikelyMp3 = 8'000;

std::uint64_t little(std::string_view text, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = size; i > 0; --i) {
    value = value * 256 + static_cast<unsigned char>(text[at + i - 1]);
  }
  return value;
}

std::uint64_t big(std::string_view text, std::size_t at, std::size_t size) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) {
    value = value * 256 + static_cast<unsigned char>(text[at + i]);
  }
  return value;
}

/// Rounded up; `units` is at most 2^40.
std::int64_t ms_of(std::uint64_t units, std::uint64_t per_second) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;
  return static_cast<std::int64_t>((std::min(units, kMost) * 1000 + per_second - 1) / per_second);
}

/// Bytes per second of a WAV file whose samples are all of one size.
std::optional<std::uint64_t> wav_rate(std::string_view head) {
  if (head.size() < 12 || !head.starts_with("RIFF") || head.substr(8, 4) != "WAVE") return {};
  for (std::size_t at = 12; at + 8 <= head.size();) {
    const auto size = little(head, at + 4, 4);
    if (head.substr(at, 4) == "fmt ") {
      if (size < 16 || at + 24 > head.size()) return {};
      const auto format = little(head, at + 8, 2);
      const auto channels = little(head, at + 10, 2);
      const auto samples = little(head, at + 12, 4);
      const auto block = little(head, at + 20, 2);
      const auto bits = little(head, at + 22, 2);
      // PCM, floating point, A-law, mu-law, and the long form of these.
      constexpr std::array<std::uint64_t, 5> kWhole = {1, 3, 6, 7, 0xFFFE};
      if (std::find(kWhole.begin(), kWhole.end(), format) == kWhole.end()) return {};
      if (bits < 8 || block != channels * ((bits + 7) / 8)) return {};
      return samples * block;
    }
    if (size > head.size()) return {};
    at += 8 + size + size % 2;
  }
  return {};
}

/// What a FLAC file says of its length.
std::optional<std::int64_t> flac_ms(std::string_view head) {
  if (head.size() < 26 || !head.starts_with("fLaC")) return {};
  const auto packed = big(head, 18, 8);  // rate: 20 bits, channels: 3, bits: 5, samples: 36
  const auto rate = packed >> 44U;
  const auto samples = packed & ((std::uint64_t{1} << 36U) - 1);
  if (rate == 0 || samples == 0) return {};
  return ms_of(samples, rate);
}

bool is_mp3(std::string_view head) {
  if (head.starts_with("ID3")) return true;
  return head.size() >= 2 && head[0] == '\xFF' && (static_cast<unsigned char>(head[1]) >> 5U) == 7;
}

}  // namespace

AudioLength audio_length(std::string_view head, std::uint64_t bytes) {
  if (const auto rate = wav_rate(head); rate && *rate >= kLeastSpeech) {
    const auto ms = ms_of(bytes, *rate);
    return {ms, ms};
  }
  if (const auto said = flac_ms(head)) return {std::max(*said, ms_of(bytes, kLeastFlac)), *said};
  if (is_mp3(head)) return {ms_of(bytes, kLeastMp3), ms_of(bytes, kLikelyMp3)};
  return {ms_of(bytes, kLeastSpeech), ms_of(bytes, kLikelySpeech)};
}

}  // namespace nufi::openai
