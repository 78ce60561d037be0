#include "lib/base/time_zone.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace std::chrono_literals;

namespace {

Timestamp instant(const char* text) {
  return parse_rfc3339(text).value();
}

std::chrono::local_time<std::chrono::milliseconds> wall(const char* text) {
  return std::chrono::local_time<std::chrono::milliseconds>(instant(text).time_since_epoch());
}

}  // namespace

TEST_CASE("time zone: utc needs no database") {
  const TimeZone zone;
  CHECK(zone.name() == "UTC");
  CHECK(zone.to_local(instant("2026-08-01T10:00:00Z")) == wall("2026-08-01T10:00:00Z"));
  CHECK(zone.to_utc(wall("2026-08-01T10:00:00Z")) == instant("2026-08-01T10:00:00Z"));
  CHECK(TimeZone::named("UTC").name() == "UTC");
}

TEST_CASE("time zone: an unknown name is refused") {
  for (const char* name :
       {"", "Europe/Atlantis", "../../etc/passwd", "europe/berlin", "zone.tab"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(TimeZone::named(name), Error);
  }
}

TEST_CASE("time zone: summer and winter differ by an hour") {
  const TimeZone berlin = TimeZone::named("Europe/Berlin");
  CHECK(berlin.name() == "Europe/Berlin");
  CHECK(berlin.to_local(instant("2026-08-01T10:00:00Z")) == wall("2026-08-01T12:00:00Z"));
  CHECK(berlin.to_local(instant("2026-12-01T10:00:00Z")) == wall("2026-12-01T11:00:00Z"));
  CHECK(berlin.to_utc(wall("2026-08-01T12:00:00Z")) == instant("2026-08-01T10:00:00Z"));
}

TEST_CASE("time zone: a time left out in spring is the moment of the jump") {
  const TimeZone berlin = TimeZone::named("Europe/Berlin");
  CHECK(berlin.to_utc(wall("2026-03-29T02:30:00Z")) == instant("2026-03-29T01:00:00Z"));
  CHECK(berlin.to_utc(wall("2026-03-29T02:00:00Z")) == instant("2026-03-29T01:00:00Z"));
}

TEST_CASE("time zone: a time that comes twice in autumn is its first pass") {
  const TimeZone berlin = TimeZone::named("Europe/Berlin");
  CHECK(berlin.to_utc(wall("2026-10-25T02:30:00Z")) == instant("2026-10-25T00:30:00Z"));
  CHECK(berlin.to_local(instant("2026-10-25T01:30:00Z")) == wall("2026-10-25T02:30:00Z"));
}
