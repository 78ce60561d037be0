#include "cli/format.hpp"

#include "lib/base/text.hpp"

#include <doctest/doctest.h>

using namespace nufi::cli;
using nufi::domain::Money;

TEST_CASE("money on a terminal: two decimals at least, more for little amounts") {
  CHECK(human_money(Money::nanos(5'000'000'000)) == "$5.00");
  CHECK(human_money(Money::nanos(1'234'567'890'123)) == "$1,234.57");
  CHECK(human_money(Money::nanos(12'345'678'901)) == "$12.3457");
  CHECK(human_money(Money::nanos(12'300'000)) == "$0.0123");
  CHECK(human_money(Money::nanos(4'910)) == "$0.000005");
  CHECK(human_money(Money::nanos(7)) == "$0.000000007");
  CHECK(human_money(Money::nanos(0)) == "$0.00");
  CHECK(human_money(Money::nanos(-1'500'000'000)) == "-$1.50");
  CHECK(human_money(Money::nanos(4'999'997'000)) == "$5.00");
  CHECK(human_money(Money::nanos(4'999'997'000), Rounding::down) == "$4.9999");
  CHECK(human_money(Money::nanos(-4'999'997'000), Rounding::down) == "-$5.00");
  CHECK(human_money(Money::nanos(INT64_MIN)) == "-$9,223,372,036.85");
}

TEST_CASE("counts, times and latencies are short") {
  const auto now = *nufi::parse_rfc3339("2026-08-15T12:00:00Z");
  CHECK(human_count(0) == "0");
  CHECK(human_count(999) == "999");
  CHECK(human_count(1'234'567) == "1,234,567");
  CHECK(human_count(-1'234) == "-1,234");
  CHECK(human_ago(now - std::chrono::minutes(3), now) == "3m ago");
  CHECK(human_ago(now, now) == "now");
  CHECK(human_until(now + std::chrono::days(12), now) == "in 12d");
  // What was just made for 30 days or 24 hours says so.
  CHECK(human_until(now + std::chrono::days(30) - std::chrono::milliseconds(5), now) == "in 30d");
  CHECK(human_until(now + std::chrono::hours(24) - std::chrono::seconds(2), now) == "in 24h");
  CHECK(human_until(now + std::chrono::hours(29), now) == "in 1d");
  CHECK(human_until(now + std::chrono::seconds(90), now) == "in 2m");
  CHECK(human_until(now + std::chrono::milliseconds(400), now) == "now");
  CHECK(human_until(now + std::chrono::days(400), now) == "in 1y");
  CHECK(human_token_limit(50'000, nufi::domain::Period::day) == "50,000 tokens/day");
  CHECK(human_until(now - std::chrono::hours(2), now) == "2h ago");
  CHECK(human_latency(-1) == "-");
  CHECK(human_latency(340) == "0.3ms");
  CHECK(human_latency(250'500) == "250ms");
  CHECK(human_latency(1'250'000) == "1.2s");
  CHECK(human_latency(125'000'000) == "2m05s");
}

TEST_CASE("foreign text can't move the cursor, and is cut by columns") {
  CHECK(printable("a\x1b[31mb\nc\xff") == "a?[31mb?c?");
  CHECK(display_width("日本") == 4);
  CHECK(display_width("über") == 4);
  CHECK(shorten("laptop", 6) == "laptop");
  CHECK(shorten("laptop", 5) == "lapt…");
  CHECK(shorten("日本語", 5) == "日本…");
  CHECK(shorten("x", 0).empty());
}
