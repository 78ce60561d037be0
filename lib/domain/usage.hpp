#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace nufi::domain {

/// Where a token can fall. The buckets are disjoint: cached input is taken out of input, reasoning
/// out of output, so that the sum of all is what the call used.
enum class Bucket : std::uint8_t {
  input,
  cached_input,
  cache_write,
  audio_input,
  image_input,
  output,
  reasoning,
  audio_output,
  image_output,
};
inline constexpr std::size_t kBucketCount = 9;
inline constexpr std::array<Bucket, kBucketCount> kBuckets = {Bucket::input,
                                                              Bucket::cached_input,
                                                              Bucket::cache_write,
                                                              Bucket::audio_input,
                                                              Bucket::image_input,
                                                              Bucket::output,
                                                              Bucket::reasoning,
                                                              Bucket::audio_output,
                                                              Bucket::image_output};

/// The bucket's name in JSON and in the store, e.g. "cached_input".
std::string_view bucket_name(Bucket bucket) noexcept;

/// Tokens per bucket, and what is billed by other units. Each >= 0.
struct Usage {
  std::array<std::int64_t, kBucketCount> tokens{};
  std::int64_t images = 0;      ///< pictures made
  std::int64_t audio_ms = 0;    ///< milliseconds of audio read or made
  std::int64_t characters = 0;  ///< of the text that was spoken

  [[nodiscard]] std::int64_t operator[](Bucket bucket) const {
    return tokens[static_cast<std::size_t>(bucket)];
  }
  [[nodiscard]] std::int64_t& operator[](Bucket bucket) {
    return tokens[static_cast<std::size_t>(bucket)];
  }
  /// input + cached_input + cache_write + audio_input + image_input.
  [[nodiscard]] std::int64_t prompt() const noexcept;
  /// output + reasoning + audio_output + image_output.
  [[nodiscard]] std::int64_t completion() const noexcept;
  /// prompt() + completion(): what a token limit counts. All three saturate, they never wrap.
  [[nodiscard]] std::int64_t total() const noexcept;
  bool operator==(const Usage&) const = default;
};

}  // namespace nufi::domain
