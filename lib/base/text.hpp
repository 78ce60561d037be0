#pragma once

#include "lib/base/clock.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi {

/// RFC 3339 in UTC with milliseconds only when there are any: "2026-08-01T10:00:00Z",
/// "2026-08-01T10:00:00.250Z".
std::string format_rfc3339(Timestamp instant);

/// Reads RFC 3339 ("2026-12-31T10:00:00Z", offsets allowed) or a date ("2026-12-31" = its first
/// moment in UTC). std::nullopt if it is neither.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

/// Reads "90s", "15m", "24h", "30d", "2w" (whole, > 0, up to a thousand years). std::nullopt
/// if it is not one.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

/// A short duration for people: "now", "5s", "3m", "2h", "4d", "3mo", "2y".
std::string format_duration(std::chrono::milliseconds span);

/// "ok_name", "Claude 2", "a-b.c": 1 to 64 printable characters without leading or trailing space.
bool is_valid_name(std::string_view text);

/// A whole decimal number, nothing before or after it, that fits.
std::optional<long long> parse_integer(std::string_view text);

std::string_view trim(std::string_view text);
std::string to_lower(std::string_view ascii);
std::vector<std::string> split(std::string_view text, char separator);
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

/// Shell glob over the whole text: `*` any run (also across '/'), `?` one byte; case counts.
bool glob_match(std::string_view pattern, std::string_view text) noexcept;

/// The candidate nearest to `word` by edit distance, if near enough to be worth a "did you mean".
std::optional<std::string> closest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace nufi
