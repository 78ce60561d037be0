#pragma once

#include "lib/base/clock.hpp"

namespace nufi {

/// One moment by two clocks.
struct Moment {
  Timestamp wall;
  Timestamp even;  ///< see EvenClock
};

/// The wall time of the start and what has passed since: nobody can set it, and it stands while the
/// machine sleeps. For deadlines that mean a span; comparable only with itself, within one process.
/// Thread-safe.
class EvenClock {
 public:
  /// `clock` must outlive it.
  explicit EvenClock(const Clock& clock);

  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] Moment now() const;

 private:
  const Clock& clock_;
  const Timestamp wall_at_start_;
  const SteadyTime start_;
};

}  // namespace nufi
