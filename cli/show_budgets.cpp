#include "cli/show_budgets.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace nufi::cli {

using domain::Money;

namespace {

constexpr std::int64_t kPercent = 100;
constexpr int kWarning = 80;  ///< per cent

/// What of a limit is used, its money first: who has both is stopped by either, and most have one.
struct Use {
  std::string name;
  domain::WindowState window;
  std::int64_t limit = 0;
  std::string spent_text;
  std::string limit_text;
  std::string resets_text;

  [[nodiscard]] long double share() const {
    if (limit <= 0) return 1;
    return static_cast<long double>(window.spent) / static_cast<long double>(limit);
  }
};

std::string resets_text(const domain::Cycle& cycle, Timestamp now) {
  const auto at = cycle.resets_at();
  return at && cycle.end != Timestamp{} ? human_until(*at, now) : "never";
}

std::optional<Use> use_of(const BudgetLine& line, Timestamp now) {
  const domain::Standing& standing = line.standing;
  const domain::SpendLimits& limits = standing.limits;
  if (limits.budget) {
    return Use{line.name,
               standing.usd,
               limits.budget->nanos(),
               human_money(Money::nanos(standing.usd.spent)),
               human_budget(limits.budget, limits.budget_period),
               resets_text(standing.usd.cycle, now)};
  }
  if (limits.token_limit) {
    // Only the cycle of the money is told; it is the same one where the periods are.
    const bool is_told = limits.token_period == limits.budget_period;
    const bool is_endless = limits.token_period == domain::Period::total;
    return Use{line.name,
               standing.tokens,
               *limits.token_limit,
               human_count(standing.tokens.spent),
               human_token_limit(*limits.token_limit, limits.token_period),
               is_endless ? "never"
               : is_told  ? resets_text(standing.usd.cycle, now)
                          : "-"};
  }
  return std::nullopt;
}

/// Rounded down, so that only what is used up says 100 %.
std::int64_t percent_of(const Use& use) {
  return static_cast<std::int64_t>(use.share() * kPercent);
}

Tone tone_of(std::int64_t percent) {
  if (percent >= kPercent) return Tone::bad;
  return percent >= kWarning ? Tone::warning : Tone::good;
}

int bar_width(const Screen& screen) {
  if (screen.width < 80) return 10;
  return screen.width < 120 ? 20 : 30;
}

}  // namespace

std::string draw_bar(
    std::int64_t spent, std::int64_t held, std::int64_t limit, int width, bool unicode) {
  const auto cells = [&](std::int64_t part) {
    if (part <= 0) return 0;
    if (part >= limit) return width;
    const auto exact = static_cast<long double>(part) * width / static_cast<long double>(limit);
    return std::clamp(static_cast<int>(exact + 0.5L), 1, std::max(width - 1, 1));
  };
  const int full = cells(spent);
  const int taken = std::max(full, cells(spent + held));
  std::string bar;
  for (int i = 0; i < width; ++i) {
    const bool is_spent = i < full;
    const bool is_held = i < taken;
    if (unicode) {
      bar += is_spent ? "█" : is_held ? "▒" : "░";
    } else {
      bar += is_spent ? '#' : is_held ? '=' : '.';
    }
  }
  return bar;
}

Table table_of_budgets(std::vector<BudgetLine> lines,
                       std::size_t most,
                       const Screen& screen,
                       Timestamp now) {
  std::vector<Use> uses;
  for (const BudgetLine& line : lines) {
    if (auto use = use_of(line, now)) uses.push_back(std::move(*use));
  }
  std::stable_sort(
      uses.begin(), uses.end(), [](const Use& a, const Use& b) { return b.share() < a.share(); });
  if (uses.size() > most) uses.resize(most);
  Table table({{.title = "BUDGET OF", .shrinks_to = 10},
               {.title = "SPENT", .align = Align::point},
               {.title = "BUDGET", .align = Align::point},
               {.title = ""},
               {.title = "USED", .align = Align::right},
               {.title = "RESETS", .align = Align::right, .rank = 1}});
  for (const Use& use : uses) {
    const std::int64_t percent = percent_of(use);
    const std::string bar =
        draw_bar(use.window.spent, use.window.held, use.limit, bar_width(screen), screen.unicode);
    table.add({text_cell(use.name, Tone::strong),
               text_cell(use.spent_text),
               text_cell(use.limit_text),
               text_cell(bar, tone_of(percent)),
               text_cell(fmt::format("{}%", percent)),
               text_cell(use.resets_text)});
  }
  return table;
}

}  // namespace nufi::cli
