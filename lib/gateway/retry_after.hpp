#pragma once

#include "lib/base/clock.hpp"
#include "lib/net/head.hpp"

#include <chrono>
#include <optional>

namespace nufi::gateway {

/// How long an upstream's reply asks to wait: `retry-after-ms`, or Retry-After in seconds or as a
/// date of HTTP (IMF-fixdate). std::nullopt if it does not say, or not in one of these ways; a date
/// that has passed is 0. At most a day.
std::optional<std::chrono::milliseconds> retry_after(const net::Fields& fields, Timestamp now);

}  // namespace nufi::gateway
