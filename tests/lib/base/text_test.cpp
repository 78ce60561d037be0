#include "lib/base/text.hpp"

#include <doctest/doctest.h>

#include <random>

using namespace nufi;
using namespace std::chrono_literals;

namespace {

Timestamp at(std::int64_t milliseconds) {
  return Timestamp(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("text: an instant is written in utc, with milliseconds when there are any") {
  CHECK(format_rfc3339(at(0)) == "1970-01-01T00:00:00Z");
  CHECK(format_rfc3339(at(1785578400250)) == "2026-08-01T10:00:00.250Z");
  CHECK(format_rfc3339(at(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(format_rfc3339(Timestamp::max()) == "9999-12-31T23:59:59.999Z");
  CHECK(format_rfc3339(Timestamp::min()) == "0000-01-01T00:00:00Z");
}

TEST_CASE("text: rfc 3339 is read with offsets, fractions and leap seconds") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == at(0));
  CHECK(parse_rfc3339("2026-08-01T12:00:00+02:00") == at(1785578400000));
  CHECK(parse_rfc3339("2026-08-01t04:30:00.25-05:30") == at(1785578400250));
  CHECK(parse_rfc3339("2026-08-01 10:00:00.2509999z") == at(1785578400250));
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z"));
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("text: a date is its first moment in utc") {
  CHECK(parse_rfc3339("2026-12-31") == parse_rfc3339("2026-12-31T00:00:00Z"));
}

TEST_CASE("text: what is no instant is refused") {
  for (const char* text : {"",
                           "now",
                           "2026",
                           "2026-1-1",
                           "2026-02-29",
                           "2026-13-01",
                           "2026-00-10",
                           "2026-12-31T",
                           "2026-12-31T10:00",
                           "2026-12-31T10:00:00",
                           "2026-12-31T24:00:00Z",
                           "2026-12-31T10:60:00Z",
                           "2026-12-31T10:00:61Z",
                           "2026-12-31T10:00:00.Z",
                           "2026-12-31T10:00:00..5Z",
                           "2026-12-31T10:00:00+0200",
                           "2026-12-31T10:00:00+24:00",
                           "2026-12-31T10:00:00+01:60",
                           "2026-12-31T10:00:00Zx",
                           " 2026-12-31",
                           "2026-12-31 ",
                           "+2026-12-31",
                           "2026/12/31"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text).has_value());
  }
}

TEST_CASE("text: any instant survives the way through rfc 3339") {
  std::mt19937_64 random(2);
  std::uniform_int_distribution<std::int64_t> any(-62'167'219'200'000, 253'402'300'799'999);
  for (int i = 0; i < 20'000; ++i) {
    const Timestamp instant = at(any(random));
    REQUIRE(parse_rfc3339(format_rfc3339(instant)) == instant);
  }
}

TEST_CASE("text: durations are read") {
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("15m") == 15min);
  CHECK(parse_duration("24h") == 24h);
  CHECK(parse_duration("30d") == 720h);
  CHECK(parse_duration("2w") == 336h);
  CHECK(parse_duration("365000d") == std::chrono::days(365'000));
  for (const char* text : {"",
                           "s",
                           "5",
                           "0s",
                           "-1h",
                           "1.5h",
                           "+1h",
                           "1 h",
                           "1H",
                           "1y",
                           "365001d",
                           "99999999999999999999s",
                           "9223372036854775807w"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_duration(text).has_value());
  }
}

TEST_CASE("text: durations are written short") {
  CHECK(format_duration(0ms) == "now");
  CHECK(format_duration(999ms) == "now");
  CHECK(format_duration(1s) == "1s");
  CHECK(format_duration(59'999ms) == "59s");
  CHECK(format_duration(3min) == "3m");
  CHECK(format_duration(23h) == "23h");
  CHECK(format_duration(96h) == "4d");
  CHECK(format_duration(std::chrono::days(95)) == "3mo");
  CHECK(format_duration(std::chrono::days(364)) == "12mo");
  CHECK(format_duration(std::chrono::days(800)) == "2y");
  CHECK(format_duration(-5s) == "5s");
  CHECK(format_duration(std::chrono::milliseconds::min()) == "292471208y");
}

TEST_CASE("text: a name is printable and at most 64 characters") {
  CHECK(is_valid_name("ok_name"));
  CHECK(is_valid_name("Claude 2"));
  CHECK(is_valid_name("a-b.c"));
  CHECK(is_valid_name("Büro Köln"));
  CHECK(is_valid_name(std::string(64, 'x')));
  for (const std::string& text : {std::string(),
                                  std::string(65, 'x'),
                                  std::string(" x"),
                                  std::string("x "),
                                  std::string("a\nb"),
                                  std::string("a\tb"),
                                  std::string("a\x1b[1m"),
                                  std::string("a\0b", 3),
                                  std::string("\xff"),
                                  std::string("a\xe2\x80\xae"),
                                  std::string("a\x7f")}) {
    CHECK_FALSE(is_valid_name(text));
  }
}

TEST_CASE("text: integers are whole and fit") {
  CHECK(parse_integer("0") == 0);
  CHECK(parse_integer("-12") == -12);
  CHECK(parse_integer("9223372036854775807") == INT64_MAX);
  CHECK(parse_integer("-9223372036854775808") == INT64_MIN);
  for (const char* text : {"", "-", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "9223372036854775808"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_integer(text).has_value());
  }
}

TEST_CASE("text: trim, lower, split and compare") {
  CHECK(trim("  a b \t\r\n") == "a b");
  CHECK(trim(" \n ") == "");
  CHECK(to_lower("AbC-Ä") == "abc-Ä");
  CHECK(split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(split("", ',') == std::vector<std::string>{""});
  CHECK(equals_ignoring_case("Bearer", "bEARER"));
  CHECK_FALSE(equals_ignoring_case("Bearer", "Bearer "));
  CHECK_FALSE(equals_ignoring_case("[", "{"));
}

TEST_CASE("text: a glob covers the whole text") {
  CHECK(glob_match("gpt-4*", "gpt-4o"));
  CHECK(glob_match("gpt-4*", "gpt-4"));
  CHECK(glob_match("*", ""));
  CHECK(glob_match("*", "org/name"));
  CHECK(glob_match("org/*", "org/a/b"));
  CHECK(glob_match("*-mini", "gpt-4o-mini-mini"));
  CHECK(glob_match("a*b*c", "a-b-b-c"));
  CHECK(glob_match("?pt", "gpt"));
  CHECK(glob_match("[a]", "[a]"));
  CHECK_FALSE(glob_match("gpt-4", "gpt-4o"));
  CHECK_FALSE(glob_match("GPT*", "gpt-4"));
  CHECK_FALSE(glob_match("?", ""));
  CHECK_FALSE(glob_match("", "a"));
  CHECK_FALSE(glob_match("a*b", "a-b-"));
  CHECK(glob_match("", ""));
}

TEST_CASE("text: a hostile glob is decided in no time") {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "a*";
  CHECK_FALSE(glob_match(pattern + "b", std::string(10'000, 'a')));
}

TEST_CASE("text: the closest word is suggested when it is near enough") {
  const std::vector<std::string> commands = {"create", "list", "show", "revoke", "usage", "up"};
  CHECK(closest("creat", commands) == "create");
  CHECK(closest("lsit", commands) == "list");
  CHECK(closest("usgae", commands) == "usage");
  CHECK(closest("REVOK", commands) == "revoke");
  CHECK_FALSE(closest("banana", commands).has_value());
  CHECK_FALSE(closest("", commands).has_value());
  CHECK_FALSE(closest("list", {}).has_value());
}
