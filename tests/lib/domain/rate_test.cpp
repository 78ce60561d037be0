#include "lib/domain/rate.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <random>
#include <vector>

using namespace nufi;
using namespace nufi::domain;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

SteadyTime at(milliseconds since_start) {
  return SteadyTime(1h + since_start);
}

/// Takes one call if it fits.
bool call(RateWindow& window, std::int64_t limit, milliseconds time) {
  if (window.wait_for(1, limit, at(time)) != 0ms) return false;
  window.take(1, at(time));
  return true;
}

}  // namespace

TEST_CASE("rate: the whole limit may come at once, and no more in the minute after it") {
  RateWindow window;
  for (int i = 0; i < 5; ++i) CHECK(call(window, 5, 59'900ms));
  CHECK_FALSE(call(window, 5, 59'900ms));
  CHECK_FALSE(call(window, 5, 60'100ms));
  CHECK_FALSE(call(window, 5, 119'860ms));
  CHECK(call(window, 5, 119'990ms));
}

TEST_CASE("rate: no minute holds more than the limit, however calls come") {
  std::mt19937 random(7);
  for (const std::int64_t limit : {1, 3, 20, 100}) {
    RateWindow window;
    std::deque<milliseconds> admitted;
    milliseconds now{0};
    std::size_t total = 0;
    for (int i = 0; i < 4000; ++i) {
      now += milliseconds(random() % 3 == 0 ? random() % 3000 : random() % 40);
      if (!call(window, limit, now)) continue;
      admitted.push_back(now);
      ++total;
      while (admitted.front() <= now - RateWindow::kSpan) admitted.pop_front();
      REQUIRE(static_cast<std::int64_t>(admitted.size()) <= limit);
    }
    // And it is not stingy: a slot more than a minute after each, the next one passes.
    CHECK(static_cast<double>(total) >= 0.9 * static_cast<double>(limit) * (now / 60s));
  }
}

TEST_CASE("rate: who waits as told is served") {
  RateWindow window;
  for (int i = 0; i < 3; ++i) REQUIRE(call(window, 3, milliseconds(i * 10'000)));
  const auto wait = window.wait_for(1, 3, at(25s));
  REQUIRE(wait);
  CHECK(*wait == 34'990ms);
  CHECK_FALSE(call(window, 3, 25s + *wait - 1ms));
  CHECK(call(window, 3, 25s + *wait));
}

TEST_CASE("rate: a wait does not grow with the refusals before it") {
  RateWindow window;
  for (int i = 0; i < 4; ++i) REQUIRE(call(window, 4, milliseconds(i * 1000)));
  for (int i = 0; i < 1000; ++i) CHECK(window.wait_for(1, 4, at(10s)) == 49'990ms);
  CHECK(call(window, 4, 59'990ms));
}

TEST_CASE("rate: a wait is always shorter than the minute that clients obey") {
  for (milliseconds now{0}; now < 40ms; now += 1ms) {
    RateWindow fresh;
    fresh.take(1, at(now));
    CHECK(*fresh.wait_for(1, 1, at(now)) < 60s);
  }
}

TEST_CASE("rate: more than the limit never fits") {
  RateWindow window;
  CHECK_FALSE(window.wait_for(101, 100, at(0s)));
  CHECK(window.wait_for(100, 100, at(0s)) == 0ms);
}

TEST_CASE("rate: what a call really used replaces what it was taken for") {
  RateWindow window;
  window.take(1000, at(0s));
  window.correct(-900, at(0s), at(5s));
  CHECK(window.state(at(5s)).used == 100);
  window.correct(500, at(0s), at(6s));
  CHECK(window.state(at(6s)).used == 600);
  CHECK(window.state(at(6s)).resets_in == 53'990ms);
  // Never below nothing, and not any more when its minute is over.
  window.correct(-5000, at(0s), at(7s));
  CHECK(window.state(at(7s)).used == 0);
  window.take(10, at(61s));
  window.correct(-10, at(0s), at(62s));
  CHECK(window.state(at(62s)).used == 10);
  CHECK(window.is_empty(at(3min)));
}

TEST_CASE("rate: the group caps the key, and the refusal knows whose limit it is") {
  Key key;
  Group group;
  CHECK_FALSE(rate_limits(key, group).requests);
  group.rpm = 60;
  CHECK(rate_limits(key, group).requests->of_group);
  key.rpm = 10;
  CHECK(rate_limits(key, group).requests->limit == 10);
  CHECK_FALSE(rate_limits(key, group).requests->of_group);
  key.rpm = 100;
  CHECK(rate_limits(key, group).requests->limit == 60);
  key.max_parallel = 2;
  CHECK(rate_limits(key, group).parallel->limit == 2);
  group.max_parallel = 1;
  CHECK(rate_limits(key, group).parallel->limit == 1);
  CHECK(rate_limits(key, group).parallel->of_group);
  group.tpm = 5;
  CHECK(rate_limits(key, group).tokens->of_group);
}

TEST_CASE("rate: a call without a cap counts a quarter of the limit at most") {
  CHECK(rate_tokens_of(10, 90, 1000, 2, 100'000) == 190);
  CHECK(rate_tokens_of(10, std::nullopt, 1000, 1, 100'000) == 1010);
  CHECK(rate_tokens_of(10, std::nullopt, 50'000, 1, 100'000) == 25'010);
  CHECK(rate_tokens_of(10, std::nullopt, std::nullopt, 1, 400) == 110);
  CHECK(rate_tokens_of(10, INT64_MAX, std::nullopt, INT64_MAX, 400) > 400);
}
