#pragma once

#include "lib/base/clock.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace nufi::test {

/// A clock that stands still until it is told to move. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Timestamp start) : ms_(start.time_since_epoch().count()) {}

  [[nodiscard]] Timestamp now() const override {
    return Timestamp(std::chrono::milliseconds(ms_ + shift_));
  }
  [[nodiscard]] SteadyTime steady() const override {
    return SteadyTime(std::chrono::milliseconds(ms_));
  }
  void advance(std::chrono::milliseconds span) { ms_ += span.count(); }
  /// Somebody sets the wall clock; the steady one does not notice.
  void shift(std::chrono::milliseconds span) { shift_ += span.count(); }

 private:
  std::atomic<std::int64_t> shift_ = 0;
  std::atomic<std::int64_t> ms_;
};

}  // namespace nufi::test
