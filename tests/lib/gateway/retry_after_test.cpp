#include "lib/gateway/retry_after.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace nufi;
using namespace nufi::gateway;
using namespace std::chrono_literals;

namespace {

/// 6 November 1994, 08:49:37.
const Timestamp kNow{784'111'777'000ms};

std::optional<std::chrono::milliseconds> asked(const std::string& value,
                                               const std::string& ms = "") {
  net::Fields fields;
  fields.add("Retry-After", value);
  if (!ms.empty()) fields.add("retry-after-ms", ms);
  return retry_after(fields, kNow);
}

}  // namespace

TEST_CASE("retry after: seconds, milliseconds and dates are read") {
  CHECK(asked("0") == 0ms);
  CHECK(asked("7") == 7s);
  CHECK(asked(" 1.5 ") == 1500ms);
  CHECK(asked("9", "250") == 250ms);
  CHECK(asked("9", "soon") == 9s);
  CHECK(asked("Sun, 06 Nov 1994 08:50:07 GMT") == 30s);
  CHECK(asked("Sun, 06 Nov 1994 08:49:00 GMT") == 0ms);
  CHECK(asked("99999999999999") == 24h);
  CHECK(asked("Sun, 06 Nov 2094 08:49:37 GMT") == 24h);
}

TEST_CASE("retry after: what says nothing is nothing") {
  CHECK(!retry_after(net::Fields(), kNow));
  for (const std::string text : {"",
                                 ".",
                                 "1.2.3",
                                 "-1",
                                 "soon",
                                 "1e9",
                                 "0x10",
                                 "Sun, 06 Nov 1994 08:49:37 CET",
                                 "Sun, 31 Feb 1994 08:49:37 GMT",
                                 "Sun, 06 Foo 1994 08:49:37 GMT",
                                 "Sun, 06 Nov 1994 28:49:37 GMT",
                                 "Sunday, 06-Nov-94 08:49:37 GMT"}) {
    CAPTURE(text);
    CHECK(!asked(text));
  }
}
