#include "lib/gateway/soft_guard.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::gateway;
using domain::Bucket;
using domain::Metric;

namespace {

struct House {
  House() {
    key.enforce = domain::Enforce::soft;
    price.rates.own(Bucket::input) = 0;
    price.rates.own(Bucket::output) = 1'000'000'000;  // a thousandth of a cent per token
    pricing.price = &price;
    caller.key = std::shared_ptr<const domain::Key>(&key, [](const domain::Key*) {});
  }
  static domain::Usage output(std::int64_t tokens) {
    domain::Usage usage;
    usage[Bucket::output] = tokens;
    return usage;
  }

  SoftGuard::Look look() {
    return [this](const domain::WindowId&) {
      ++looks;
      return state;
    };
  }

  domain::WindowState state;
  int looks = 0;
  domain::Key key;
  domain::Price price;
  Pricing pricing;
  Caller caller;
};

}  // namespace

TEST_CASE("soft guard: a strict key and one without limits are not watched") {
  House house;
  CHECK_FALSE(SoftGuard(house.look(), house.caller).watches());
  house.key.limits.budget = domain::Money::nanos(1);
  CHECK(SoftGuard(house.look(), house.caller).watches());
  house.key.enforce = domain::Enforce::strict;
  CHECK_FALSE(SoftGuard(house.look(), house.caller).watches());
}

TEST_CASE("soft guard: a stream ends where the budget is truly empty") {
  House house;
  house.key.limits.budget = domain::Money::nanos(1'000'000);  // 1000 tokens
  SoftGuard guard(house.look(), house.caller);
  CHECK_FALSE(guard.empty_window(House::output(500), house.pricing));
  // Another call settles meanwhile: what is left is less.
  house.state.spent = 300'000;
  CHECK_FALSE(guard.empty_window(House::output(650), house.pricing));
  const auto empty = guard.empty_window(House::output(700), house.pricing);
  REQUIRE(empty);
  CHECK(empty->window.metric == Metric::usd);
  CHECK(empty->limit == 1'000'000);
  CHECK(empty->ask == 700'000);
}

TEST_CASE("soft guard: the same for tokens, and for what costs more than can be counted") {
  House house;
  house.key.limits.token_limit = 100;
  CHECK_FALSE(SoftGuard(house.look(), house.caller).empty_window(House::output(99), {}));
  CHECK(SoftGuard(house.look(), house.caller).empty_window(House::output(100), {}));
  House absurd;
  absurd.key.limits.budget = domain::Money::nanos(INT64_MAX);
  absurd.price.rates.own(Bucket::output) = INT64_MAX;
  SoftGuard guard(absurd.look(), absurd.caller);
  CHECK(guard.empty_window(House::output(1'000'000'000'000), absurd.pricing));
}

TEST_CASE("soft guard: it looks only once in a while") {
  House house;
  house.key.limits.token_limit = 1'000'000;
  SoftGuard guard(house.look(), house.caller);
  for (int tokens = 0; tokens < 320; ++tokens) {
    CHECK_FALSE(guard.empty_window(House::output(tokens), house.pricing));
  }
  CHECK(house.looks == 320 / SoftGuard::kStep);
}
