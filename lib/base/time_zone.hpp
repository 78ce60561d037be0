#pragma once

#include "lib/base/clock.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace nufi {

/// A time zone of the IANA database (`/usr/share/zoneinfo`), e.g. "Europe/Berlin". A cheap value to
/// copy; immutable, so thread-safe.
class TimeZone {
 public:
  /// UTC, without looking at the database.
  TimeZone() = default;

  /// The zone called `name`. Throws Error{invalid} if the database has none of that name.
  static TimeZone named(std::string_view name);

  [[nodiscard]] const std::string& name() const { return name_; }

  /// Local wall-clock time at `instant`.
  [[nodiscard]] std::chrono::local_time<std::chrono::milliseconds> to_local(
      Timestamp instant) const;

  /// The first instant that shows `local` or later: in the hour that is left out in spring, the
  /// moment of the jump; in the hour that comes twice, its first pass.
  [[nodiscard]] Timestamp to_utc(std::chrono::local_time<std::chrono::milliseconds> local) const;

 private:
  std::string name_ = "UTC";
  const void* zone_ = nullptr;  ///< date::time_zone, owned by the database; null is UTC
};

}  // namespace nufi
