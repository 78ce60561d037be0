#include "lib/domain/health.hpp"

#include <array>
#include <utility>

namespace nufi::domain {

namespace {

constexpr std::array<std::pair<HealthState, std::string_view>, 4> kNames = {
    {{HealthState::ok, "ok"},
     {HealthState::warning, "warning"},
     {HealthState::fault, "fault"},
     {HealthState::skipped, "skipped"}}};

}  // namespace

std::string_view health_state_name(HealthState state) noexcept {
  for (const auto& [one, name] : kNames) {
    if (one == state) return name;
  }
  return "";
}

std::optional<HealthState> health_state_from_name(std::string_view name) noexcept {
  for (const auto& [state, one] : kNames) {
    if (one == name) return state;
  }
  return std::nullopt;
}

}  // namespace nufi::domain
