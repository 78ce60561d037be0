#pragma once

#include <chrono>

namespace nufi {

/// A stored instant: UTC, whole milliseconds.
using Timestamp = std::chrono::sys_time<std::chrono::milliseconds>;

/// For waiting and for measuring how long something took; never stored.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Where time comes from. Nobody else in the house calls now(). Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall time. May jump when the machine's clock is set.
  [[nodiscard]] virtual Timestamp now() const = 0;
  /// Never goes back.
  [[nodiscard]] virtual SteadyTime steady() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Timestamp now() const override;
  [[nodiscard]] SteadyTime steady() const override;
};

}  // namespace nufi
