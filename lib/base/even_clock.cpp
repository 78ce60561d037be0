#include "lib/base/even_clock.hpp"

namespace nufi {

EvenClock::EvenClock(const Clock& clock)
    : clock_(clock), wall_at_start_(clock.now()), start_(clock.steady()) {}

Moment EvenClock::now() const {
  const auto passed = clock_.steady() - start_;
  return {.wall = clock_.now(),
          .even = wall_at_start_ + std::chrono::floor<std::chrono::milliseconds>(passed)};
}

}  // namespace nufi
