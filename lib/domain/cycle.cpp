#include "lib/domain/cycle.hpp"

namespace nufi::domain {
namespace {

using std::chrono::days;
using std::chrono::local_days;
using std::chrono::milliseconds;
using LocalTime = std::chrono::local_time<milliseconds>;

/// Local time minus UTC.
milliseconds offset_at(Timestamp instant, const TimeZone& zone) {
  return zone.to_local(instant).time_since_epoch() - instant.time_since_epoch();
}

/// The first instant in (`before`, `after`] that has the offset of `after`; `before` has another
/// one.
Timestamp change_between(Timestamp before, Timestamp after, const TimeZone& zone) {
  const milliseconds offset = offset_at(after, zone);
  while (after - before > milliseconds(1)) {
    const Timestamp middle = before + (after - before) / 2;
    (offset_at(middle, zone) == offset ? after : before) = middle;
  }
  return after;
}

/// Minutes and hours of the wall clock. The hour that comes twice is two hours, so these count from
/// the offset in force; where a change of it cuts one (by half an hour, say), the parts are cycles.
Cycle short_cycle(milliseconds length, Timestamp instant, const TimeZone& zone) {
  const LocalTime local = zone.to_local(instant);
  milliseconds into = local.time_since_epoch() % length;
  if (into < milliseconds(0)) into += length;
  Cycle cycle{instant - into, instant - into + length};
  const milliseconds offset = offset_at(instant, zone);
  if (offset_at(cycle.start, zone) != offset) {
    cycle.start = change_between(cycle.start, instant, zone);
  }
  const Timestamp last = cycle.end - milliseconds(1);
  if (offset_at(last, zone) != offset) {
    cycle.end = change_between(instant, last, zone);
  }
  return cycle;
}

/// The first local day of the cycle that `day` lies in.
local_days first_day(Period period, local_days day) {
  if (period == Period::week) {
    const std::chrono::weekday weekday(day);
    return day - (weekday - std::chrono::Monday);
  }
  if (period == Period::month) {
    const std::chrono::year_month_day date(day);
    return local_days(date.year() / date.month() / 1);
  }
  return day;
}

/// The first local day of the cycle after the one that begins with `first`.
local_days next_first_day(Period period, local_days first) {
  if (period == Period::week) return first + days(7);
  if (period == Period::month) {
    const std::chrono::year_month_day date(first);
    return local_days(date.year() / date.month() / 1 + std::chrono::months(1));
  }
  return first + days(1);
}

Cycle calendar_cycle(Period period, Timestamp instant, const TimeZone& zone) {
  local_days first = first_day(period, std::chrono::floor<days>(zone.to_local(instant)));
  Cycle cycle{zone.to_utc(first), zone.to_utc(next_first_day(period, first))};
  // A clock set back over midnight shows the old day again, after the new one has begun.
  while (instant >= cycle.end) {
    first = next_first_day(period, first);
    cycle = {cycle.end, zone.to_utc(next_first_day(period, first))};
  }
  return cycle;
}

}  // namespace

std::optional<Timestamp> Cycle::resets_at() const {
  if (end == Timestamp::max()) return std::nullopt;
  return end;
}

Cycle cycle_at(Period period, Timestamp instant, const TimeZone& zone) {
  switch (period) {
    case Period::minute:
      return short_cycle(std::chrono::minutes(1), instant, zone);
    case Period::hour:
      return short_cycle(std::chrono::hours(1), instant, zone);
    case Period::day:
    case Period::week:
    case Period::month:
      return calendar_cycle(period, instant, zone);
    case Period::total:
      break;
  }
  return {Timestamp(), Timestamp::max()};
}

std::string_view period_name(Period period) noexcept {
  switch (period) {
    case Period::minute:
      return "minute";
    case Period::hour:
      return "hour";
    case Period::day:
      return "day";
    case Period::week:
      return "week";
    case Period::month:
      return "month";
    case Period::total:
      return "total";
  }
  return "";
}

std::optional<Period> period_from_name(std::string_view name) noexcept {
  for (const Period period :
       {Period::minute, Period::hour, Period::day, Period::week, Period::month, Period::total}) {
    if (period_name(period) == name) return period;
  }
  return std::nullopt;
}

}  // namespace nufi::domain
