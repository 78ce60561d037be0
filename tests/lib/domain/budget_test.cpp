#include "lib/domain/budget.hpp"

#include "lib/domain/wide.hpp"
#include "tests/lib/domain/random_values.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace nufi::domain;

namespace {

WindowState window(std::int64_t spent, std::int64_t held) {
  WindowState state;
  state.spent = spent;
  state.held = held;
  return state;
}

}  // namespace

TEST_CASE("budget: a hold may not pass the limit") {
  const WindowState state = window(60, 30);
  CHECK(state.fits(10, 100));
  CHECK_FALSE(state.fits(11, 100));
  CHECK(state.fits(0, 90));
  CHECK_FALSE(state.fits(0, 89));
}

TEST_CASE("budget: room is what is neither spent nor held") {
  const WindowState state = window(60, 30);
  CHECK(state.room(100) == 10);
  CHECK(state.room_after_settling(100) == 40);
  CHECK(state.room(90) == 0);
  CHECK(state.room(50) == 0);
  CHECK(state.room_after_settling(50) == 0);
}

TEST_CASE("budget: nothing overflows at the extremes") {
  const WindowState full = window(INT64_MAX, INT64_MAX);
  CHECK_FALSE(full.fits(INT64_MAX, INT64_MAX));
  CHECK_FALSE(full.fits(0, INT64_MAX));
  CHECK(full.room(INT64_MAX) == 0);
  CHECK(full.room_after_settling(INT64_MAX) == 0);
  CHECK(window(0, 0).fits(INT64_MAX, INT64_MAX));
  CHECK(window(0, 0).room(INT64_MAX) == INT64_MAX);
  CHECK_FALSE(window(1, 0).fits(INT64_MAX, INT64_MAX));
  CHECK(window(0, 0).fits(0, 0));
  CHECK_FALSE(window(0, 0).fits(1, 0));
}

TEST_CASE(
    "budget: an ask fits exactly when it is not more than the room, or when there is nothing to "
    "ask") {
  RandomValues random(5);
  for (int i = 0; i < 100'000; ++i) {
    const WindowState state = window(random.of_any_size(), random.of_any_size());
    const std::int64_t limit = random.of_any_size();
    const std::int64_t ask = random.of_any_size();
    const Wide sum = widen(state.spent) + widen(state.held) + widen(ask);
    REQUIRE(state.fits(ask, limit) == (sum <= widen(limit)));
    if (ask > 0) REQUIRE(state.fits(ask, limit) == (ask <= state.room(limit)));
    REQUIRE(state.room(limit) <= state.room_after_settling(limit));
  }
}

TEST_CASE("budget: scopes and metrics are known by name") {
  for (const Scope scope : {Scope::key, Scope::project, Scope::account}) {
    CHECK(scope_from_name(scope_name(scope)) == scope);
  }
  CHECK(metric_from_name("usd") == Metric::usd);
  CHECK(metric_from_name("tokens") == Metric::tokens);
  CHECK_FALSE(scope_from_name("group").has_value());
  CHECK_FALSE(metric_from_name("").has_value());
}
