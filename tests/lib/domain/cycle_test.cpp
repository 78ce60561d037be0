#include "lib/domain/cycle.hpp"

#include "lib/base/text.hpp"
#include "tests/lib/domain/random_values.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::domain;

namespace {

/// "start end" of the cycle that holds the instant.
std::string cycle(Period period, const char* instant, const TimeZone& zone) {
  const Cycle found = cycle_at(period, parse_rfc3339(instant).value(), zone);
  return format_rfc3339(found.start) + " " + format_rfc3339(found.end);
}

const TimeZone& berlin() {
  static const TimeZone zone = TimeZone::named("Europe/Berlin");
  return zone;
}
const TimeZone& new_york() {
  static const TimeZone zone = TimeZone::named("America/New_York");
  return zone;
}

}  // namespace

TEST_CASE("cycle: in utc cycles begin on the full unit") {
  const TimeZone utc;
  const char* instant = "2026-08-01T10:20:30.456Z";
  CHECK(cycle(Period::minute, instant, utc) == "2026-08-01T10:20:00Z 2026-08-01T10:21:00Z");
  CHECK(cycle(Period::hour, instant, utc) == "2026-08-01T10:00:00Z 2026-08-01T11:00:00Z");
  CHECK(cycle(Period::day, instant, utc) == "2026-08-01T00:00:00Z 2026-08-02T00:00:00Z");
  CHECK(cycle(Period::week, instant, utc) == "2026-07-27T00:00:00Z 2026-08-03T00:00:00Z");
  CHECK(cycle(Period::month, instant, utc) == "2026-08-01T00:00:00Z 2026-09-01T00:00:00Z");
}

TEST_CASE("cycle: the first moment belongs to the new cycle, the last to the old one") {
  const TimeZone utc;
  CHECK(cycle(Period::month, "2026-07-31T23:59:59.999Z", utc) ==
        "2026-07-01T00:00:00Z 2026-08-01T00:00:00Z");
  CHECK(cycle(Period::month, "2026-08-01T00:00:00Z", utc) ==
        "2026-08-01T00:00:00Z 2026-09-01T00:00:00Z");
  CHECK(cycle(Period::week, "2026-08-02T23:59:59.999Z", utc) ==
        "2026-07-27T00:00:00Z 2026-08-03T00:00:00Z");
  CHECK(cycle(Period::week, "2026-08-03T00:00:00Z", utc) ==
        "2026-08-03T00:00:00Z 2026-08-10T00:00:00Z");
}

TEST_CASE("cycle: months end where the calendar says, also over new year") {
  const TimeZone utc;
  CHECK(cycle(Period::month, "2024-02-29T12:00:00Z", utc) ==
        "2024-02-01T00:00:00Z 2024-03-01T00:00:00Z");
  CHECK(cycle(Period::month, "2026-12-31T12:00:00Z", utc) ==
        "2026-12-01T00:00:00Z 2027-01-01T00:00:00Z");
  CHECK(cycle(Period::week, "2027-01-01T12:00:00Z", utc) ==
        "2026-12-28T00:00:00Z 2027-01-04T00:00:00Z");
}

TEST_CASE("cycle: a total lasts for ever") {
  const Cycle total = cycle_at(Period::total, parse_rfc3339("2026-08-01").value(), TimeZone());
  CHECK(total.start == Timestamp());
  CHECK(total.end == Timestamp::max());
  CHECK_FALSE(total.resets_at().has_value());
  const Cycle day = cycle_at(Period::day, parse_rfc3339("2026-08-01").value(), TimeZone());
  CHECK(day.resets_at() == day.end);
}

TEST_CASE("cycle: in Berlin the day of the change has 23 or 25 hours") {
  CHECK(cycle(Period::day, "2026-03-29T12:00:00Z", berlin()) ==
        "2026-03-28T23:00:00Z 2026-03-29T22:00:00Z");
  CHECK(cycle(Period::day, "2026-10-25T12:00:00Z", berlin()) ==
        "2026-10-24T22:00:00Z 2026-10-25T23:00:00Z");
  CHECK(cycle(Period::month, "2026-03-29T12:00:00Z", berlin()) ==
        "2026-02-28T23:00:00Z 2026-03-31T22:00:00Z");
  CHECK(cycle(Period::week, "2026-03-29T21:59:59Z", berlin()) ==
        "2026-03-22T23:00:00Z 2026-03-29T22:00:00Z");
}

TEST_CASE("cycle: in New York the day of the change has 23 or 25 hours") {
  CHECK(cycle(Period::day, "2026-03-08T12:00:00Z", new_york()) ==
        "2026-03-08T05:00:00Z 2026-03-09T04:00:00Z");
  CHECK(cycle(Period::day, "2026-11-01T12:00:00Z", new_york()) ==
        "2026-11-01T04:00:00Z 2026-11-02T05:00:00Z");
  CHECK(cycle(Period::month, "2026-11-30T12:00:00Z", new_york()) ==
        "2026-11-01T04:00:00Z 2026-12-01T05:00:00Z");
}

TEST_CASE("cycle: the hour that comes twice is two hours") {
  CHECK(cycle(Period::hour, "2026-10-25T00:30:00Z", berlin()) ==
        "2026-10-25T00:00:00Z 2026-10-25T01:00:00Z");
  CHECK(cycle(Period::hour, "2026-10-25T01:30:00Z", berlin()) ==
        "2026-10-25T01:00:00Z 2026-10-25T02:00:00Z");
  CHECK(cycle(Period::minute, "2026-10-25T01:30:30Z", berlin()) ==
        "2026-10-25T01:30:00Z 2026-10-25T01:31:00Z");
}

TEST_CASE("cycle: a change by half an hour cuts the hour") {
  const TimeZone lord_howe = TimeZone::named("Australia/Lord_Howe");
  CHECK(cycle(Period::hour, "2026-04-04T14:50:00Z", lord_howe) ==
        "2026-04-04T14:00:00Z 2026-04-04T15:00:00Z");
  CHECK(cycle(Period::hour, "2026-04-04T15:10:00Z", lord_howe) ==
        "2026-04-04T15:00:00Z 2026-04-04T15:30:00Z");
}

TEST_CASE("cycle: a day that was never shown is nobody's") {
  const TimeZone samoa = TimeZone::named("Pacific/Apia");
  CHECK(cycle(Period::day, "2011-12-30T09:59:59Z", samoa) ==
        "2011-12-29T10:00:00Z 2011-12-30T10:00:00Z");
  CHECK(cycle(Period::day, "2011-12-30T10:00:00Z", samoa) ==
        "2011-12-30T10:00:00Z 2011-12-31T10:00:00Z");
}

TEST_CASE("cycle: a day whose midnight does not exist begins when its clock does") {
  const TimeZone sao_paulo = TimeZone::named("America/Sao_Paulo");
  CHECK(cycle(Period::day, "2018-11-04T02:59:59Z", sao_paulo) ==
        "2018-11-03T03:00:00Z 2018-11-04T03:00:00Z");
  CHECK(cycle(Period::day, "2018-11-04T03:00:00Z", sao_paulo) ==
        "2018-11-04T03:00:00Z 2018-11-05T02:00:00Z");
}

TEST_CASE("cycle: a zone may stand three quarters of an hour off") {
  const TimeZone kathmandu = TimeZone::named("Asia/Kathmandu");
  CHECK(cycle(Period::day, "2026-08-20T18:14:59Z", kathmandu) ==
        "2026-08-19T18:15:00Z 2026-08-20T18:15:00Z");
  CHECK(cycle(Period::hour, "2026-08-20T12:14:59Z", kathmandu) ==
        "2026-08-20T11:15:00Z 2026-08-20T12:15:00Z");
}

TEST_CASE("cycle: cycles of a period leave no gap and never overlap") {
  RandomValues random(6);
  // St. John's set its clock back one minute after midnight until 2011, Havana at one.
  for (const char* name : {"UTC",
                           "Europe/Berlin",
                           "America/New_York",
                           "Australia/Lord_Howe",
                           "America/St_Johns",
                           "America/Havana",
                           "America/Sao_Paulo",
                           "Asia/Kathmandu",
                           "Pacific/Apia"}) {
    CAPTURE(name);
    const TimeZone zone = TimeZone::named(name);
    for (const Period period :
         {Period::minute, Period::hour, Period::day, Period::week, Period::month}) {
      for (int i = 0; i < 300; ++i) {
        const Timestamp instant(
            std::chrono::milliseconds(random.between(946'684'800'000, 2'051'222'400'000)));
        const Cycle found = cycle_at(period, instant, zone);
        REQUIRE(found.holds(instant));
        REQUIRE(cycle_at(period, found.start, zone) == found);
        REQUIRE(cycle_at(period, found.end - std::chrono::milliseconds(1), zone) == found);
        REQUIRE(cycle_at(period, found.end, zone).start == found.end);
      }
    }
  }
}

TEST_CASE("cycle: the moments around every change of a clock are in a cycle of their own period") {
  for (const char* name : {"America/St_Johns", "Europe/Berlin", "Australia/Lord_Howe"}) {
    CAPTURE(name);
    const TimeZone zone = TimeZone::named(name);
    for (Timestamp instant = parse_rfc3339("2010-01-01").value();
         instant < parse_rfc3339("2012-01-01").value();
         instant += std::chrono::minutes(7)) {
      for (const Period period : {Period::hour, Period::day}) {
        const Cycle found = cycle_at(period, instant, zone);
        REQUIRE(found.holds(instant));
        REQUIRE(cycle_at(period, found.start, zone) == found);
      }
    }
  }
}

TEST_CASE("cycle: periods are known by name") {
  for (const Period period :
       {Period::minute, Period::hour, Period::day, Period::week, Period::month, Period::total}) {
    CHECK(period_from_name(period_name(period)) == period);
  }
  CHECK_FALSE(period_from_name("year").has_value());
}
