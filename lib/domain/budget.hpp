#pragma once

#include "lib/domain/cycle.hpp"
#include "lib/domain/money.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::domain {

/// The USD budget and token limit of a key, project or account. Absent means no limit; the period
/// still says over which window spending is shown.
struct SpendLimits {
  std::optional<Money> budget;
  Period budget_period = Period::month;  ///< day, week, month or total
  std::optional<std::int64_t> token_limit;
  Period token_period = Period::month;
  bool operator==(const SpendLimits&) const = default;
};

enum class Scope : std::uint8_t { key, project, account };
enum class Metric : std::uint8_t { usd, tokens };

std::string_view scope_name(Scope scope) noexcept;
std::string_view metric_name(Metric metric) noexcept;
std::optional<Scope> scope_from_name(std::string_view name) noexcept;
std::optional<Metric> metric_from_name(std::string_view name) noexcept;

/// Which counter: one per subject, metric and period. Its amounts are nano-USD for usd and tokens
/// for tokens.
struct WindowId {
  Scope scope = Scope::key;
  std::string subject;  ///< the id of the key, project or account
  Metric metric = Metric::usd;
  Period period = Period::month;
  auto operator<=>(const WindowId&) const = default;
};

/// A counter at a moment: `spent` is settled, `held` is reserved by `in_flight` calls.
struct WindowState {
  Cycle cycle;
  std::int64_t spent = 0;
  std::int64_t held = 0;
  std::int64_t in_flight = 0;
  bool operator==(const WindowState&) const = default;

  /// True if `ask` more fits: spent + held + ask <= limit. No overflow for any input >= 0.
  [[nodiscard]] bool fits(std::int64_t ask, std::int64_t limit) const;
  /// What a new hold can take: limit - spent - held, at least 0.
  [[nodiscard]] std::int64_t room(std::int64_t limit) const;
  /// What could be taken once all calls in flight have settled at nothing: limit - spent, >= 0.
  [[nodiscard]] std::int64_t room_after_settling(std::int64_t limit) const;
};

}  // namespace nufi::domain
