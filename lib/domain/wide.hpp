#pragma once

#include <cstdint>

/// Arithmetic of money inside this room: unsigned 128 bits that stop at their maximum. A result at
/// the maximum is more than any amount we can hold, so a bound stays a bound.
namespace nufi::domain {

__extension__ typedef unsigned __int128 Wide;
inline constexpr Wide kWidest = ~Wide{0};

/// `value`, or 0 if it is negative.
constexpr Wide widen(std::int64_t value) {
  return value > 0 ? static_cast<Wide>(value) : Wide{0};
}

constexpr Wide add(Wide a, Wide b) {
  return a > kWidest - b ? kWidest : a + b;
}

constexpr Wide multiply(Wide a, Wide b) {
  if (a == 0 || b == 0) return 0;
  return a > kWidest / b ? kWidest : a * b;
}

/// a / b, rounded up; b > 0.
constexpr Wide divide_up(Wide a, Wide b) {
  return a / b + (a % b != 0 ? 1 : 0);
}

/// `value`, at most INT64_MAX.
constexpr std::int64_t narrow(Wide value) {
  return value > static_cast<Wide>(INT64_MAX) ? INT64_MAX : static_cast<std::int64_t>(value);
}

}  // namespace nufi::domain
