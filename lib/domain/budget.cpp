#include "lib/domain/budget.hpp"

#include "lib/domain/wide.hpp"

namespace nufi::domain {

std::string_view scope_name(Scope scope) noexcept {
  switch (scope) {
    case Scope::key:
      return "key";
    case Scope::project:
      return "project";
    case Scope::account:
      return "account";
  }
  return "";
}

std::string_view metric_name(Metric metric) noexcept {
  switch (metric) {
    case Metric::usd:
      return "usd";
    case Metric::tokens:
      return "tokens";
  }
  return "";
}

std::optional<Scope> scope_from_name(std::string_view name) noexcept {
  for (const Scope scope : {Scope::key, Scope::project, Scope::account}) {
    if (scope_name(scope) == name) return scope;
  }
  return std::nullopt;
}

std::optional<Metric> metric_from_name(std::string_view name) noexcept {
  for (const Metric metric : {Metric::usd, Metric::tokens}) {
    if (metric_name(metric) == name) return metric;
  }
  return std::nullopt;
}

bool WindowState::fits(std::int64_t ask, std::int64_t limit) const {
  // 128 bits, because three amounts near the maximum do not add up in 64.
  return widen(spent) + widen(held) + widen(ask) <= widen(limit);
}

std::int64_t WindowState::room(std::int64_t limit) const {
  const Wide taken = widen(spent) + widen(held);
  return taken >= widen(limit) ? 0 : narrow(widen(limit) - taken);
}

std::int64_t WindowState::room_after_settling(std::int64_t limit) const {
  return widen(spent) >= widen(limit) ? 0 : narrow(widen(limit) - widen(spent));
}

}  // namespace nufi::domain
