#include "lib/base/even_clock.hpp"

#include "lib/base/text.hpp"
#include "tests/support/fake_clock.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace std::chrono_literals;

TEST_CASE("even clock: it begins with the wall clock, and only time that passes moves it") {
  test::FakeClock clock{*parse_rfc3339("2026-08-20T12:00:00Z")};
  clock.shift(5s);
  const Timestamp start = clock.now();
  const EvenClock even(clock);
  CHECK(even.now().wall == start);
  CHECK(even.now().even == start);
  clock.shift(-1h);
  clock.advance(3s);
  CHECK(even.now().wall == start - 1h + 3s);
  CHECK(even.now().even == start + 3s);
}
