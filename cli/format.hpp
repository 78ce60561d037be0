#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/money.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Values as people read them on a terminal; pipes and JSON get exact ones.
namespace nufi::cli {

/// What is left is rounded down, so that nobody counts on more than there is.
enum class Rounding { nearest, down };
/// "$1,234.50", "$0.0123", "$0.000004": at least two decimals, and more the smaller the amount is.
std::string human_money(domain::Money amount, Rounding rounding = Rounding::nearest);
/// "$5.00/month"; "-" when there is none.
std::string human_budget(const std::optional<domain::Money>& budget, domain::Period period);
/// "50,000 tokens/day".
std::string human_token_limit(std::int64_t limit, domain::Period period);
/// "1,234,567".
std::string human_count(std::int64_t count);
/// "1 call", "1,234 calls".
std::string human_count_of(std::int64_t count, std::string_view noun);
/// "3m ago", "now".
std::string human_ago(Timestamp then, Timestamp now);
/// "in 12d", to the nearest unit, or "3m ago" when it is over.
std::string human_until(Timestamp then, Timestamp now);
/// "350ms", "1.2s", "2m05s" of microseconds; "-" for -1.
std::string human_latency(std::int64_t us);

/// `text` without anything that could move a cursor or break a line: each such character is "?".
std::string printable(std::string_view text);
/// Columns `text` takes on a terminal (East Asian wide characters take two).
int display_width(std::string_view text);
/// `text` in at most `width` columns, with "…" where it was cut, or in ASCII with dots.
std::string shorten(std::string_view text, int width, bool unicode = true);
/// `text` in lines of at most `width` columns (never less than 8), cut at spaces where there are
/// any.
std::vector<std::string> wrapped(std::string_view text, int width);
/// Likewise, but a command at its end ("…: nufi keys list") stays in one piece, to be copied: where
/// it does not fit it gets a line of its own.
std::vector<std::string> wrapped_message(std::string_view text, int width);

}  // namespace nufi::cli
