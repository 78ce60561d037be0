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

HealthCheck healthy(std::string name, std::string finding) {
  return {std::move(name), HealthState::ok, std::move(finding), {}};
}

HealthCheck warning(std::string name, std::string finding, std::string remedy) {
  return {std::move(name), HealthState::warning, std::move(finding), std::move(remedy)};
}

HealthCheck fault(std::string name, std::string finding, std::string remedy) {
  return {std::move(name), HealthState::fault, std::move(finding), std::move(remedy)};
}

HealthCheck skipped(std::string name, std::string why) {
  return {std::move(name), HealthState::skipped, std::move(why), {}};
}

bool is_due_for_rotation(const Key& key, Timestamp now) {
  return !is_dead(key, now) && now - secret_made_at(key) > kRotateAfter;
}

}  // namespace nufi::domain
