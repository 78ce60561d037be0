#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/time_zone.hpp"

#include <optional>
#include <string_view>

namespace nufi::domain {

enum class Period { minute, hour, day, week, month, total };

/// One turn of a window: [start, end). `total` lasts from the epoch to Timestamp::max().
struct Cycle {
  Timestamp start;
  Timestamp end;
  bool operator==(const Cycle&) const = default;
  [[nodiscard]] bool holds(Timestamp instant) const { return start <= instant && instant < end; }
  /// When it resets; std::nullopt for `total`.
  [[nodiscard]] std::optional<Timestamp> resets_at() const;
};

/// The cycle of `period` that holds `instant`: calendar minutes, hours, days, weeks (from Monday)
/// and months of `zone`, so a day of a DST change has 23 or 25 hours.
Cycle cycle_at(Period period, Timestamp instant, const TimeZone& zone);

/// "minute", "hour", "day", "week", "month", "total".
std::string_view period_name(Period period) noexcept;
std::optional<Period> period_from_name(std::string_view name) noexcept;

}  // namespace nufi::domain
