#include "lib/domain/disk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace nufi::domain {

HealthCheck judge_disk(const std::string& path, std::uint64_t free, std::uint64_t total) {
  const std::string finding =
      fmt::format("{} free of {} ({}%) for {}",
                  bytes_text(free),
                  bytes_text(total),
                  total == 0 ? 0 : static_cast<int>(free / std::max<std::uint64_t>(1, total / 100)),
                  path);
  if (free < kNeededSpace) {
    return fault("storage.disk",
                 finding,
                 fmt::format("free some space: with less than {} calls may be refused",
                             bytes_text(kNeededSpace)));
  }
  if (free < kLittleSpace) {
    return warning("storage.disk",
                   finding,
                   "free some space, or keep rows for less time: nufi config set keep_days 30");
  }
  return healthy("storage.disk", finding);
}

std::string bytes_text(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} bytes", bytes)
                   : fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

}  // namespace nufi::domain
