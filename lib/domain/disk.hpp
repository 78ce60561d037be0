#pragma once

#include "lib/domain/health.hpp"

#include <cstdint>
#include <string>

namespace nufi::domain {

/// Below the first the ledger may not get what it needs: segments of its journal and the log that
/// its database keeps while it is read.
inline constexpr std::uint64_t kNeededSpace = std::uint64_t{128} << 20;
inline constexpr std::uint64_t kLittleSpace = std::uint64_t{1} << 30;

/// "storage.disk": `free` of `total` bytes on the disk of `path`.
HealthCheck judge_disk(const std::string& path, std::uint64_t free, std::uint64_t total);

/// "12.0 GiB".
std::string bytes_text(std::uint64_t bytes);

}  // namespace nufi::domain
