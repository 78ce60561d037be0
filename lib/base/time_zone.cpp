#include "lib/base/time_zone.hpp"

#include "lib/base/error.hpp"

#include <date/tz.h>

#include <stdexcept>

namespace nufi {
namespace {

const date::time_zone& as_zone(const void* zone) {
  return *static_cast<const date::time_zone*>(zone);
}

}  // namespace

TimeZone TimeZone::named(std::string_view name) {
  if (name == "UTC") return {};
  TimeZone zone;
  try {
    zone.zone_ = date::locate_zone(std::string(name));
  } catch (const std::runtime_error&) {
    throw Error(Errc::invalid,
                "there is no time zone of that name",
                "use an IANA name like Europe/Berlin or UTC");
  }
  zone.name_ = name;
  return zone;
}

std::chrono::local_time<std::chrono::milliseconds> TimeZone::to_local(Timestamp instant) const {
  using Local = std::chrono::local_time<std::chrono::milliseconds>;
  if (zone_ == nullptr) return Local(instant.time_since_epoch());
  return Local(as_zone(zone_).to_local(instant).time_since_epoch());
}

Timestamp TimeZone::to_utc(std::chrono::local_time<std::chrono::milliseconds> local) const {
  if (zone_ == nullptr) return Timestamp(local.time_since_epoch());
  const date::local_time<std::chrono::milliseconds> wall(local.time_since_epoch());
  return as_zone(zone_).to_sys(wall, date::choose::earliest);
}

}  // namespace nufi
