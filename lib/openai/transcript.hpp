#pragma once

#include "lib/openai/member_scan.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::openai {

/// Finds out how long the sound was, from a transcript that passes by in pieces, split anywhere:
/// JSON with a `duration` in seconds, or captions (SubRip, WebVTT).
class TranscriptScan {
 public:
  void feed(std::string_view bytes);

  /// What the JSON says.
  [[nodiscard]] std::optional<std::int64_t> said_ms() const;
  /// Where the last caption ends: the sound is at least that long.
  [[nodiscard]] std::optional<std::int64_t> last_caption_ms() const { return last_ms_; }

 private:
  void read_line();

  MemberScan duration_{"duration", 64};
  std::string line_;  ///< the beginning of the unfinished one
  std::optional<std::int64_t> last_ms_;
};

/// A JSON number of seconds in milliseconds, rounded up; std::nullopt if it is none, negative, or
/// more than 100,000 (a day).
std::optional<std::int64_t> ms_of_seconds(std::string_view number);

}  // namespace nufi::openai
