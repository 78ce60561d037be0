#include "cli/chart.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

using namespace nufi::cli;
using nufi::domain::DayTotals;
using nufi::domain::Money;

namespace {

/// August days that cost these cents.
std::vector<DayTotals> days_of(const std::vector<std::int64_t>& cents) {
  std::vector<DayTotals> days;
  for (std::size_t i = 0; i < cents.size(); ++i) {
    DayTotals day;
    day.date = fmt::format("2026-08-{:02}", i + 1);
    day.totals.cost = Money::nanos(cents[i] * 10'000'000);
    days.push_back(std::move(day));
  }
  return days;
}

std::string drawn(const std::vector<DayTotals>& days, int width, bool unicode) {
  std::string text = "\n";
  for (const std::string& line : draw_chart(
           days, {.is_terminal = true, .width = width, .colour = false, .unicode = unicode})) {
    text += line + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("chart: has an axis, a scale and a place for days that cost nothing") {
  CHECK(drawn(days_of({100, 0, 50, 1, 0, 100, 25}), 40, /*unicode=*/true) == R"(
$1.00 ┤███                 ███
      │███                 ███
      │███                 ███
      │███                 ███
$0.50 ┤███     ███         ███
      │███     ███         ███
      │███     ███         ███ ███
      │███     ███ ▁▁▁     ███ ███
   $0 └────────────────────────────
       08-01   08-03   08-05  08-07
)");
}

TEST_CASE("chart: works without Unicode") {
  CHECK(drawn(days_of({80, 0, 10}), 40, /*unicode=*/false) == R"(
$1.00 +
      |___
      |###
      |###
$0.50 +###
      |###
      |###
      |###     ###
   $0 +------------
       08-01  08-03
)");
}

TEST_CASE("chart: without spending there is no scale, but there are days") {
  const std::string text = drawn(days_of({0, 0, 0}), 40, /*unicode=*/true);
  CHECK(text.find("$1") == std::string::npos);
  CHECK(text.find("08-01") != std::string::npos);
  CHECK(drawn({}, 40, /*unicode=*/true) == "\n");
}

TEST_CASE("chart: the axis stands under one another however wide the scale's labels are") {
  // Two neighbours share a column: their sum needs a wider label than the dearest day.
  const auto days = days_of(std::vector<std::int64_t>(90, 90'000'000));
  const std::string text = drawn(days, 60, /*unicode=*/false);
  CHECK(text.find("$2,000,000.00 +") != std::string::npos);
  CHECK(text.find("\n              |") != std::string::npos);
  CHECK(text.find("\n           $0 +---") != std::string::npos);
}

TEST_CASE("chart: fits every width, neighbours share a column when there are too many days") {
  const auto days = days_of(std::vector<std::int64_t>(90, 7));
  for (const int width : {20, 60, 80, 140}) {
    for (const std::string& line : draw_chart(days, {.is_terminal = true, .width = width})) {
      CHECK(display_width(line) <= width);
    }
  }
  CHECK(drawn(days, 60, /*unicode=*/true).find("each column is 2 days") != std::string::npos);
  CHECK(drawn(days, 140, /*unicode=*/true).find("each column") == std::string::npos);
}
