#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/time_zone.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

/// The user's own time zone: whose days reports have, and what a plain date means.
namespace nufi::cli {

/// Its IANA name: `tz` (the variable TZ) if it is one, else where `localtime` (the link
/// /etc/localtime) leads. "" when neither tells, and when the machine is on UTC by itself: then the
/// setting `timezone` of nufid counts.
std::string find_time_zone(const std::string& tz, const std::filesystem::path& localtime);

/// The zone of that name; UTC for "". Reads the time zone database, which takes a while.
TimeZone zone_named(const std::string& name);

/// "14:05:09" of `instant` in `zone`.
std::string clock_text(Timestamp instant, const TimeZone& zone);

/// The first instant of a plain date like 2026-08-01 in the zone called `zone_name`, `later` days
/// after it; std::nullopt if `text` is none.
std::optional<Timestamp> read_date(std::string_view text,
                                   const std::string& zone_name,
                                   std::chrono::days later = std::chrono::days(0));

}  // namespace nufi::cli
