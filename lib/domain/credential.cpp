#include "lib/domain/credential.hpp"

#include "lib/base/id.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace nufi::domain {
namespace {

constexpr std::size_t kRandomDigits = 43;  // 62^43 > 2^256
constexpr std::size_t kChecksumDigits = 6;

using RandomNumber = std::array<std::uint8_t, 32>;

/// `number` (big endian, left at 0) in base 62, appended to `out`: long division by 62 per digit.
void append_digits(std::string& out, RandomNumber& number) {
  out.resize(out.size() + kRandomDigits);
  for (std::size_t i = 1; i <= kRandomDigits; ++i) {
    unsigned remainder = 0;
    for (std::uint8_t& byte : number) {
      const unsigned value = remainder * 256 + byte;
      byte = static_cast<std::uint8_t>(value / kBase62.size());
      remainder = static_cast<unsigned>(value % kBase62.size());
    }
    out[out.size() - i] = kBase62[remainder];
  }
}

std::string checksum_of(std::string_view text) {
  return to_base62(crc32(text), kChecksumDigits);
}

/// Where the next credential in `text` begins; npos if there is none.
std::size_t find_credential(std::string_view text) {
  return std::min(text.find(kKeyPrefix), text.find(kTokenPrefix));
}

}  // namespace

Secret mint_credential(std::string_view prefix) {
  RandomNumber number{};
  random_bytes(number);
  std::string text;
  text.reserve(prefix.size() + kRandomDigits + kChecksumDigits);
  text += prefix;
  append_digits(text, number);
  text += checksum_of(text);
  return Secret(std::move(text));
}

bool is_well_formed_credential(std::string_view prefix, std::string_view text) noexcept {
  const std::size_t summed = prefix.size() + kRandomDigits;
  if (text.size() != summed + kChecksumDigits || !text.starts_with(prefix)) return false;
  const std::string_view digits = text.substr(prefix.size(), kRandomDigits);
  if (digits.find_first_not_of(kBase62) != std::string_view::npos) return false;
  return text.substr(summed) == checksum_of(text.substr(0, summed));
}

std::string mask_credential(std::string_view prefix, std::string_view text) {
  constexpr std::size_t kShown = 3;
  const std::size_t from = text.size() > kShown ? text.size() - kShown : 0;
  return std::string(prefix) + "…" + std::string(text.substr(from));
}

std::string without_credentials(std::string_view text) {
  static_assert(kKeyPrefix.size() == kTokenPrefix.size());
  constexpr std::string_view kMask = "…";
  std::string out;
  while (true) {
    const auto at = find_credential(text);
    out.append(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    out.append(text.substr(at, kKeyPrefix.size())).append(kMask);
    text.remove_prefix(at + kKeyPrefix.size());
    const auto end = std::find_if_not(text.begin(), text.end(), [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    });
    // Right behind it another one may begin, whose first letters look like the last of this one.
    const auto length = static_cast<std::size_t>(end - text.begin());
    text.remove_prefix(std::min(length, find_credential(text)));
    // What is masked already stays as it is.
    if (length == 0 && text.starts_with(kMask)) text.remove_prefix(kMask.size());
  }
}

}  // namespace nufi::domain
