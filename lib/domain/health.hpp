#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/key.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::domain {

/// What `nufi doctor` says of one thing it looked at.
enum class HealthState {
  ok,
  warning,  ///< works, and somebody should know
  fault,    ///< does not work, or will not for long
  skipped,  ///< was not looked at: the finding says why
};

std::string_view health_state_name(HealthState state) noexcept;
std::optional<HealthState> health_state_from_name(std::string_view name) noexcept;

/// One check of `nufi doctor`.
struct HealthCheck {
  std::string name;  ///< what was looked at, its group before the point: "storage.disk"
  HealthState state = HealthState::ok;
  std::string finding;  ///< what was seen, one line
  std::string remedy;   ///< what to do about it, a command where there is one; "" = nothing
};

HealthCheck healthy(std::string name, std::string finding);
HealthCheck warning(std::string name, std::string finding, std::string remedy);
HealthCheck fault(std::string name, std::string finding, std::string remedy);
HealthCheck skipped(std::string name, std::string why);

/// The age at which a secret should be replaced.
inline constexpr std::chrono::days kRotateAfter{90};
/// True for a key that may still call, with a secret older than that.
bool is_due_for_rotation(const Key& key, Timestamp now);

}  // namespace nufi::domain
