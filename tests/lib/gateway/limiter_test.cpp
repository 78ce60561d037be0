#include "lib/gateway/limiter.hpp"

#include "tests/support/fake_clock.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using namespace nufi;
using namespace nufi::gateway;
using namespace std::chrono_literals;
using domain::RateMetric;
using domain::RateRefusal;

namespace {

struct House {
  test::FakeClock clock{Timestamp(1'700'000'000s)};
  Limiter limiter{clock};
  domain::KeyId key = domain::KeyId::random();
  domain::RateLimits limits;
  std::vector<Limiter::Pass> open;

  std::optional<RateRefusal> enter(std::int64_t tokens = 0) {
    auto outcome = limiter.enter(key, limits, tokens);
    if (auto* refusal = std::get_if<RateRefusal>(&outcome)) return *refusal;
    open.push_back(std::move(std::get<Limiter::Pass>(outcome)));
    return std::nullopt;
  }
};

}  // namespace

TEST_CASE("limiter: a key without limits is neither stopped nor counted") {
  House house;
  for (int i = 0; i < 100; ++i) REQUIRE_FALSE(house.enter(1'000'000));
  CHECK(house.limiter.standing(house.key).requests.used == 0);
}

TEST_CASE("limiter: calls a minute") {
  House house;
  house.limits.requests = domain::RateLimit{3, true};
  for (int i = 0; i < 3; ++i) REQUIRE_FALSE(house.enter());
  const auto refusal = house.enter();
  REQUIRE(refusal);
  CHECK(refusal->metric == RateMetric::requests);
  CHECK(refusal->limit.of_group);
  CHECK(refusal->used == 3);
  house.clock.advance(*refusal->wait);
  CHECK_FALSE(house.enter());
}

TEST_CASE("limiter: other keys have their own minute") {
  House house;
  house.limits.requests = domain::RateLimit{1, false};
  REQUIRE_FALSE(house.enter());
  REQUIRE(house.enter());
  house.key = domain::KeyId::random();
  CHECK_FALSE(house.enter());
}

TEST_CASE("limiter: tokens a minute count what was really used once that is known") {
  House house;
  house.limits.tokens = domain::RateLimit{1000, false};
  REQUIRE_FALSE(house.enter(900));
  auto refusal = house.enter(200);
  REQUIRE(refusal);
  CHECK(refusal->metric == RateMetric::tokens);
  CHECK(refusal->ask == 200);
  CHECK(house.limiter.preview(house.key, house.limits, 200)->wait == refusal->wait);
  house.open.back().settle(100);
  CHECK_FALSE(house.limiter.preview(house.key, house.limits, 200));
  CHECK_FALSE(house.enter(200));
  CHECK(house.limiter.standing(house.key).tokens.used == 300);
  // A call that used more than it was let in for is counted in full.
  house.open.back().settle(900);
  CHECK(house.limiter.standing(house.key).tokens.used == 1000);
}

TEST_CASE("limiter: a call above the limit is told that it never fits") {
  House house;
  house.limits.tokens = domain::RateLimit{1000, false};
  const auto refusal = house.enter(1001);
  REQUIRE(refusal);
  CHECK_FALSE(refusal->wait);
}

TEST_CASE("limiter: calls at once") {
  House house;
  house.limits.parallel = domain::RateLimit{2, false};
  REQUIRE_FALSE(house.enter());
  REQUIRE_FALSE(house.enter());
  const auto refusal = house.enter();
  REQUIRE(refusal);
  CHECK(refusal->metric == RateMetric::parallel);
  CHECK(refusal->wait);
  house.open.pop_back();
  CHECK_FALSE(house.enter());
  CHECK(house.limiter.standing(house.key).in_flight == 2);
}

TEST_CASE("limiter: a cancelled call counts nowhere") {
  House house;
  house.limits = {.requests = domain::RateLimit{1, false},
                  .tokens = domain::RateLimit{10, false},
                  .parallel = domain::RateLimit{1, false}};
  REQUIRE_FALSE(house.enter(10));
  house.open.back().cancel();
  CHECK_FALSE(house.enter(10));
}

TEST_CASE("limiter: a refusal of two limits tells the longer wait, and it is true for both") {
  House house;
  house.limits = {.requests = domain::RateLimit{2, false},
                  .tokens = domain::RateLimit{100, false},
                  .parallel = {}};
  REQUIRE_FALSE(house.enter(10));
  house.clock.advance(30s);
  REQUIRE_FALSE(house.enter(90));
  const auto refusal = house.enter(50);
  REQUIRE(refusal);
  CHECK(refusal->metric == RateMetric::tokens);
  house.clock.advance(*refusal->wait);
  CHECK_FALSE(house.enter(50));
}

TEST_CASE("limiter: threads never let more in than the limit") {
  House house;
  house.limits = {.requests = domain::RateLimit{50, false},
                  .tokens = {},
                  .parallel = domain::RateLimit{8, false}};
  std::atomic<int> in{0};
  std::atomic<int> now{0};
  std::atomic<bool> too_many{false};
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 500; ++i) {
          auto outcome = house.limiter.enter(house.key, house.limits, 1);
          if (!std::holds_alternative<Limiter::Pass>(outcome)) continue;
          if (++now > 8) too_many = true;
          ++in;
          --now;
        }
      });
    }
  }
  CHECK(in == 50);
  CHECK_FALSE(too_many);
  CHECK(house.limiter.standing(house.key).in_flight == 0);
}
