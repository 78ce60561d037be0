#include "cli/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace nufi::cli {

using domain::Money;

namespace {

constexpr int kRows = 8;
constexpr int kSteps = 8;  ///< heights a row can show in Unicode
constexpr int kWidestDay = 4;

struct Bar {
  std::int64_t nanos = 0;
  std::size_t first_day = 0;
};

/// The next of 1, 2, 5, 10, 20, … nano-USD that is not less than `nanos`.
std::int64_t round_scale(std::int64_t nanos) {
  std::int64_t scale = 1;
  while (true) {
    for (const std::int64_t step : {1, 2, 5}) {
      if (scale > INT64_MAX / step / 2) return INT64_MAX;
      if (scale * step >= nanos) return scale * step;
    }
    if (scale > INT64_MAX / 10) return INT64_MAX;
    scale *= 10;
  }
}

int days_in_bar(const std::vector<domain::DayTotals>& days, int room) {
  return (static_cast<int>(days.size()) + room - 1) / room;
}

/// One for each day, or for several where `room` columns are too few.
std::vector<Bar> bars_of(const std::vector<domain::DayTotals>& days, int room) {
  const auto together = static_cast<std::size_t>(days_in_bar(days, room));
  std::vector<Bar> bars;
  for (std::size_t i = 0; i < days.size(); ++i) {
    if (i % together == 0) bars.push_back({0, i});
    bars.back().nanos += days[i].totals.cost.nanos();
  }
  return bars;
}

/// What one row shows of a bar that reaches `height` steps.
std::string cell_of(int height, int row, int width, bool unicode) {
  static constexpr std::array<const char*, kSteps + 1> kBlocks = {
      " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const int filled = std::clamp(height - row * kSteps, 0, kSteps);
  const char* block = kBlocks[static_cast<std::size_t>(filled)];
  if (!unicode) block = filled == 0 ? " " : filled > kSteps / 2 ? "#" : "_";
  const int ink = width > 1 ? width - 1 : 1;  // a gap between days where there is room
  std::string text;
  for (int i = 0; i < ink; ++i) text += block;
  return text + std::string(static_cast<std::size_t>(width - ink), ' ');
}

/// "08-01" under the bar of that day, as many as fit; the last bar, today's, always has its own.
std::string date_line(const std::vector<Bar>& bars,
                      const std::vector<domain::DayTotals>& days,
                      int bar_width) {
  const auto width = bars.size() * static_cast<std::size_t>(bar_width);
  const auto label_of = [&](std::size_t day) {
    const std::string& date = days[day].date;
    return date.size() > 5 ? date.substr(5) : date;
  };
  const std::string today = label_of(days.size() - 1);
  const std::size_t last = (bars.size() - 1) * static_cast<std::size_t>(bar_width);
  // It ends with the axis where it would be longer than that.
  const std::size_t today_at =
      last + today.size() <= width ? last : width - std::min(width, today.size());
  std::string line(std::max(width, today.size()), ' ');
  line.replace(today_at, today.size(), today);
  const std::size_t step = std::max<std::size_t>(1, 8 / static_cast<std::size_t>(bar_width));
  for (std::size_t bar = 0; bar < bars.size(); bar += step) {
    const std::string label = label_of(bars[bar].first_day);
    const std::size_t at = bar * static_cast<std::size_t>(bar_width);
    if (at + label.size() + 2 > today_at) break;
    line.replace(at, label.size(), label);
  }
  return line;
}

}  // namespace

std::vector<std::string> draw_chart(const std::vector<domain::DayTotals>& days,
                                    const Screen& screen) {
  if (days.empty()) return {};
  // The scale's labels take room from the bars, and fewer bars may need a larger scale.
  int label_width = 5;
  int room = 1;
  std::vector<Bar> bars;
  std::int64_t highest = 0;
  std::int64_t scale = 1;
  for (int needed = label_width; needed > 0;) {
    label_width = needed;
    room = std::max(screen.width - label_width - 2, 1);
    bars = bars_of(days, room);
    highest = 0;
    for (const Bar& bar : bars) highest = std::max(highest, bar.nanos);
    scale = round_scale(std::max<std::int64_t>(highest, 1));
    needed = std::max(display_width(human_money(Money::nanos(scale))),
                      display_width(human_money(Money::nanos(scale / 2))));
    if (needed <= label_width) needed = 0;
  }
  const int days_per_bar = days_in_bar(days, room);
  const int bar_width = std::clamp(room / static_cast<int>(bars.size()), 1, kWidestDay);

  std::vector<int> heights;
  for (const Bar& bar : bars) {
    const long double part =
        static_cast<long double>(bar.nanos) / static_cast<long double>(scale) * kRows * kSteps;
    // A day that cost anything shows, however little.
    heights.push_back(bar.nanos > 0 ? std::max(1, static_cast<int>(part + 0.5L)) : 0);
  }
  const char* axis = screen.unicode ? "│" : "|";
  const char* tick = screen.unicode ? "┤" : "+";
  std::vector<std::string> lines;
  for (int row = kRows - 1; row >= 0; --row) {
    std::string label;
    if (highest > 0 && row == kRows - 1) label = human_money(Money::nanos(scale));
    if (highest > 0 && row == kRows / 2 - 1) label = human_money(Money::nanos(scale / 2));
    std::string line = fmt::format("{:>{}} {}", label, label_width, label.empty() ? axis : tick);
    for (const int height : heights) line += cell_of(height, row, bar_width, screen.unicode);
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  std::string floor = fmt::format("{:>{}} {}", "$0", label_width, screen.unicode ? "└" : "+");
  const int floor_width = std::max(static_cast<int>(bars.size()) * bar_width, 1);
  for (int i = 0; i < floor_width; ++i) floor += screen.unicode ? "─" : "-";
  lines.push_back(std::move(floor));
  std::string dates = std::string(static_cast<std::size_t>(label_width) + 2, ' ') +
                      date_line(bars, days, bar_width);
  dates.erase(dates.find_last_not_of(' ') + 1);
  lines.push_back(std::move(dates));
  if (days_per_bar > 1) {
    lines.push_back(fmt::format("{}each column is {} days",
                                std::string(static_cast<std::size_t>(label_width) + 2, ' '),
                                days_per_bar));
  }
  for (std::string& line : lines) line = shorten(line, screen.width);
  return lines;
}

}  // namespace nufi::cli
