#pragma once

#include <cstdint>
#include <random>

namespace nufi::domain {

/// Random numbers for property tests; the same seed gives the same numbers.
class RandomValues {
 public:
  explicit RandomValues(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t bits() { return engine_(); }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }
  /// 0 to INT64_MAX with every size equally likely, so that small and extreme values both come.
  std::int64_t of_any_size() {
    const auto shift = static_cast<unsigned>(between(1, 63));
    return between(0, 7) == 0 ? INT64_MAX - between(0, 2)
                              : static_cast<std::int64_t>(bits() >> shift);
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace nufi::domain
