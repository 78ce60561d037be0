#include "cli/local_time.hpp"

#include "lib/base/text.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <filesystem>

using namespace nufi;
using cli::find_time_zone;
using cli::read_date;

namespace {

/// What is found where /etc/localtime leads to `target`.
std::string zone_of_link(const std::string& tz, const std::string& target) {
  const test::TempDir dir;
  const std::filesystem::path link = std::filesystem::path(dir.path()) / "localtime";
  std::filesystem::create_symlink(target, link);
  return find_time_zone(tz, link);
}

}  // namespace

TEST_CASE("time zone: TZ is stronger than the machine's, in every way it may be written") {
  const std::string tokyo = "/usr/share/zoneinfo/Asia/Tokyo";
  CHECK(zone_of_link("", tokyo) == "Asia/Tokyo");
  CHECK(zone_of_link("Europe/Berlin", tokyo) == "Europe/Berlin");
  CHECK(zone_of_link(":Europe/Berlin", tokyo) == "Europe/Berlin");
  CHECK(zone_of_link("/usr/share/zoneinfo/Europe/Berlin", tokyo) == "Europe/Berlin");
  CHECK(zone_of_link("UTC", tokyo) == "UTC");
}

TEST_CASE("time zone: what is no name of the database is not known") {
  for (const char* tz : {"CET-1CEST,M3.5.0,M10.5.0/3", "Nowhere/Town", "../../etc/passwd", "x y"}) {
    CHECK(zone_of_link(tz, "/usr/share/zoneinfo/Asia/Tokyo").empty());
  }
  CHECK(find_time_zone("", "/nowhere/localtime").empty());
}

TEST_CASE("time zone: a machine on UTC by itself leaves it to nufid") {
  CHECK(zone_of_link("", "/usr/share/zoneinfo/Etc/UTC").empty());
  CHECK(zone_of_link("", "/usr/share/zoneinfo/UTC").empty());
}

TEST_CASE("a plain date is the first moment of that day where the person lives") {
  CHECK(format_rfc3339(*read_date("2026-08-01", "Europe/Berlin")) == "2026-07-31T22:00:00Z");
  CHECK(format_rfc3339(*read_date("2026-08-01", "")) == "2026-08-01T00:00:00Z");
  // Summer time ends in between: that day has 25 hours.
  CHECK(format_rfc3339(*read_date("2026-10-25", "Europe/Berlin", std::chrono::days(1))) ==
        "2026-10-25T23:00:00Z");
  CHECK_FALSE(read_date("2026-08-01T00:00:00Z", "Europe/Berlin"));
  CHECK_FALSE(read_date("2026-13-01", ""));
}
