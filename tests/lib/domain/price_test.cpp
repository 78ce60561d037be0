#include "lib/domain/price.hpp"

#include "lib/base/error.hpp"
#include "lib/domain/coverage.hpp"
#include "tests/lib/domain/random_values.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace nufi;
using namespace nufi::domain;

namespace {

constexpr Rate kUsd = 1'000'000'000;

/// A model with everything a price can have.
Price rich_price() {
  Price price;
  price.rates.own(Bucket::input) = 2 * kUsd;
  price.rates.own(Bucket::cached_input) = kUsd / 2;
  price.rates.own(Bucket::cache_write) = 3 * kUsd;
  price.rates.own(Bucket::output) = 10 * kUsd;
  ContextTier tier;
  tier.above_tokens = 200'000;
  tier.rates.own(Bucket::input) = 4 * kUsd;
  tier.rates.own(Bucket::output) = 15 * kUsd;
  price.tiers.push_back(tier);
  Rates flex;
  flex.own(Bucket::input) = kUsd;
  flex.own(Bucket::output) = 5 * kUsd;
  price.service[static_cast<std::size_t>(ServiceTier::flex)] = flex;
  Rates priority;
  priority.own(Bucket::input) = 6 * kUsd;
  price.service[static_cast<std::size_t>(ServiceTier::priority)] = priority;
  return price;
}

Usage tokens(std::int64_t input, std::int64_t output) {
  Usage usage;
  usage[Bucket::input] = input;
  usage[Bucket::output] = output;
  return usage;
}

__extension__ typedef unsigned __int128 Naive;

/// The formula as the header has it, without any care: only for values that can't overflow.
Naive naive_cost(const Usage& usage, const Price& price, Multiplier multiplier) {
  Naive sum = static_cast<Naive>(price.per_request.nanos()) * 1'000'000;
  const Rates rates = price.rates_for(usage.prompt(), ServiceTier::standard);
  for (const Bucket bucket : kBuckets) {
    sum += static_cast<Naive>(usage[bucket]) * static_cast<Naive>(rates.effective(bucket));
  }
  const Naive scaled = sum * static_cast<Naive>(multiplier);
  const Naive scale = Naive{1'000'000} * 1'000'000;
  return (scaled + scale - 1) / scale;
}

}  // namespace

TEST_CASE("price: a bucket without its own rate is billed as its kind") {
  Rates rates;
  CHECK(rates.effective(Bucket::input) == 0);
  rates.own(Bucket::input) = 5;
  rates.own(Bucket::output) = 7;
  rates.own(Bucket::cached_input) = 1;
  rates.own(Bucket::audio_output) = 70;
  CHECK(rates.effective(Bucket::cached_input) == 1);
  CHECK(rates.effective(Bucket::cache_write) == 5);
  CHECK(rates.effective(Bucket::image_input) == 5);
  CHECK(rates.effective(Bucket::reasoning) == 7);
  CHECK(rates.dearest_prompt() == 5);
  CHECK(rates.dearest_completion() == 70);
}

TEST_CASE("price: a call is billed per bucket and rounded up once") {
  Price price;
  price.rates.own(Bucket::input) = 2'500'000'000;
  price.rates.own(Bucket::cached_input) = 1'250'000'000;
  price.rates.own(Bucket::output) = 10'000'000'000;
  Usage usage = tokens(1000, 500);
  usage[Bucket::cached_input] = 200;
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) == Money::nanos(7'750'000));
  CHECK(cost_of(usage, price, ServiceTier::standard, 1'500'000) == Money::nanos(11'625'000));

  price.rates = {};
  price.rates.own(Bucket::input) = 1;
  price.rates.own(Bucket::output) = 1;
  CHECK(cost_of(tokens(1, 1), price, ServiceTier::standard, kMultiplierOne) == Money::nanos(1));
  CHECK(cost_of(tokens(0, 0), price, ServiceTier::standard, kMultiplierOne) == Money::zero());
  CHECK(cost_of(tokens(1'000'000, 1), price, ServiceTier::standard, kMultiplierOne) ==
        Money::nanos(2));
}

TEST_CASE("price: a request's own price is added and multiplied too") {
  Price price;
  price.per_request = Money::nanos(1000);
  CHECK(cost_of({}, price, ServiceTier::standard, kMultiplierOne) == Money::nanos(1000));
  CHECK(cost_of({}, price, ServiceTier::standard, 1'500'001) == Money::nanos(1501));
}

TEST_CASE("price: pictures, seconds and characters are added, and all of it is rounded once") {
  Price price;
  price.per_image = Money::nanos(40'000'000);  // 0.04 USD
  price.per_second = Money::nanos(100'000);    // 0.0001 USD
  price.per_character = Money::nanos(15'000);  // 15 USD per million
  price.rates.own(Bucket::input) = 2'500'000'000;
  price.rates.own(Bucket::output) = 0;
  Usage usage;
  usage.images = 3;
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) == Money::nanos(120'000'000));
  usage = {};
  usage.audio_ms = 1500;
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) == Money::nanos(150'000));
  usage = {};
  usage.characters = 1000;
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) == Money::nanos(15'000'000));
  CHECK(cost_of(usage, price, ServiceTier::standard, 1'250'000) == Money::nanos(18'750'000));
  usage[Bucket::input] = 1'000'000;
  usage.images = 1;
  usage.audio_ms = 2000;
  // 0.015 + 2.5 + 0.04 + 0.0002
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) ==
        Money::nanos(2'555'200'000));

  price = {};
  price.per_second = Money::nanos(1);
  price.rates.own(Bucket::input) = 1;
  usage = {};
  usage.audio_ms = 1;
  usage[Bucket::input] = 1;
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) == Money::nanos(1));
}

TEST_CASE("price: every bucket is billed at its own rate, by the size of the whole prompt") {
  Price price;
  std::int64_t usd = 1;
  for (const Bucket bucket : kBuckets) price.rates.own(bucket) = usd++ * kUsd;
  Usage usage;
  for (const Bucket bucket : kBuckets) usage[bucket] = 1'000'000;
  // 1 + 2 + … + 9 USD
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) == Money::nanos(45 * kUsd));
  Rates dear;
  dear.own(Bucket::input) = 10 * kUsd;
  price.tiers.push_back({5'000'000, dear});
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) == Money::nanos(45 * kUsd));
  price.tiers[0].above_tokens = 4'999'999;
  // Input costs 10 USD then; 2 for cached input is raised as input is, and so on: 20, 30, 40, 50.
  CHECK(cost_of(usage, price, ServiceTier::standard, kMultiplierOne) ==
        Money::nanos((10 + 20 + 30 + 40 + 50 + 6 + 7 + 8 + 9) * kUsd));
}

TEST_CASE("price: a free price costs nothing") {
  Price price = rich_price();
  price.free = true;
  CHECK(cost_of(tokens(INT64_MAX, INT64_MAX), price, ServiceTier::standard, kMultiplierOne) ==
        Money::zero());
}

TEST_CASE("price: a multiplier of 0 makes everything free") {
  CHECK(cost_of(tokens(1000, 1000), rich_price(), ServiceTier::standard, 0) == Money::zero());
}

TEST_CASE("price: a cost beyond money throws") {
  CHECK_THROWS_AS(
      cost_of(tokens(INT64_MAX, INT64_MAX), rich_price(), ServiceTier::standard, kMultiplierOne),
      Error);
  CHECK_THROWS_AS(
      cost_of(tokens(INT64_MAX, INT64_MAX), rich_price(), ServiceTier::standard, INT64_MAX), Error);
}

TEST_CASE("price: cost_of agrees with the plain formula") {
  RandomValues random(7);
  for (int i = 0; i < 50'000; ++i) {
    Price price = rich_price();
    price.tiers.clear();
    for (const Bucket bucket : kBuckets) {
      if (random.between(0, 1) == 1) price.rates.own(bucket) = random.of_any_size() % (200 * kUsd);
    }
    price.per_request = Money::nanos(random.of_any_size() % kUsd);
    Usage usage;
    for (const Bucket bucket : kBuckets) usage[bucket] = random.of_any_size() % 3'000'000;
    const Multiplier multiplier = random.of_any_size() % 10'000'000;
    const Money cost = cost_of(usage, price, ServiceTier::standard, multiplier);
    REQUIRE((static_cast<Naive>(cost.nanos()) == naive_cost(usage, price, multiplier)));
  }
}

TEST_CASE("price: cost_of_tokens is exact where it fits and saturates where it does not") {
  RandomValues random(8);
  for (int i = 0; i < 100'000; ++i) {
    const std::int64_t count = random.of_any_size();
    const Rate rate = random.of_any_size();
    const Multiplier multiplier = random.of_any_size();
    const Money cost = cost_of_tokens(count, rate, multiplier);
    const long double about = static_cast<long double>(count) * static_cast<long double>(rate) *
                              static_cast<long double>(multiplier) / 1e12L;
    CAPTURE(count);
    CAPTURE(rate);
    CAPTURE(multiplier);
    if (about > 9.3e18L) {
      REQUIRE(cost == Money::max());
    } else if (about < 9.2e18L) {
      REQUIRE(static_cast<long double>(cost.nanos()) >= about * (1 - 1e-17L));
      REQUIRE(static_cast<long double>(cost.nanos()) <= about * (1 + 1e-17L) + 1);
    }
  }
  CHECK(cost_of_tokens(INT64_MAX, INT64_MAX, INT64_MAX) == Money::max());
  CHECK(cost_of_tokens(0, INT64_MAX, INT64_MAX) == Money::zero());
  CHECK(cost_of_tokens(1, 1, 1) == Money::nanos(1));
}

TEST_CASE("price: a long prompt bills the whole call at the tier's rates") {
  const Price price = rich_price();
  CHECK(price.rates_for(200'000, ServiceTier::standard).effective(Bucket::input) == 2 * kUsd);
  CHECK(price.rates_for(200'001, ServiceTier::standard).effective(Bucket::input) == 4 * kUsd);
  CHECK(price.rates_for(200'001, ServiceTier::standard).effective(Bucket::output) == 15 * kUsd);
  CHECK(cost_of(tokens(300'000, 1000), price, ServiceTier::standard, kMultiplierOne) ==
        Money::nanos(1'215'000'000));
}

TEST_CASE("price: a tier raises what it does not name, and never below its kind") {
  const Rates rates = rich_price().rates_for(300'000, ServiceTier::standard);
  CHECK(rates.effective(Bucket::cache_write) == 6 * kUsd);
  CHECK(rates.effective(Bucket::cached_input) == 4 * kUsd);
  CHECK(rates.effective(Bucket::reasoning) == 15 * kUsd);
}

TEST_CASE("price: a service tier is filled up from the standard rates") {
  const Price price = rich_price();
  const Rates flex = price.rates_for(1000, ServiceTier::flex);
  CHECK(flex.effective(Bucket::input) == kUsd);
  CHECK(flex.effective(Bucket::output) == 5 * kUsd);
  CHECK(flex.effective(Bucket::cached_input) == kUsd / 2);

  const Rates priority = price.rates_for(1000, ServiceTier::priority);
  CHECK(priority.effective(Bucket::input) == 6 * kUsd);
  CHECK(priority.effective(Bucket::output) == 10 * kUsd);
  CHECK(priority.effective(Bucket::cached_input) == kUsd * 3 / 2);

  CHECK(price.rates_for(1000, ServiceTier::batch).effective(Bucket::input) == 2 * kUsd);
}

TEST_CASE("price: a long prompt raises a service tier in the same proportion") {
  const Price price = rich_price();
  CHECK(price.rates_for(300'000, ServiceTier::flex).effective(Bucket::input) == 2 * kUsd);
  CHECK(price.rates_for(300'000, ServiceTier::flex).effective(Bucket::output) == kUsd * 15 / 2);
  CHECK(price.rates_for(300'000, ServiceTier::priority).effective(Bucket::input) == 12 * kUsd);
}

TEST_CASE("price: the ceiling is the maximum over the tiers a prompt can fall into") {
  Price price = rich_price();
  ContextTier cheaper;
  cheaper.above_tokens = 400'000;
  cheaper.rates.own(Bucket::input) = kUsd;
  cheaper.rates.own(Bucket::output) = kUsd;
  price.tiers.push_back(cheaper);
  const auto input_ceiling = [&](std::int64_t prompt) {
    return price.ceiling_rates(prompt, ServiceTier::standard).effective(Bucket::input);
  };
  CHECK(input_ceiling(0) == 2 * kUsd);
  CHECK(input_ceiling(200'000) == 2 * kUsd);
  CHECK(input_ceiling(200'001) == 4 * kUsd);
  CHECK(input_ceiling(INT64_MAX) == 4 * kUsd);
}

TEST_CASE("price: no prompt up to the bound is billed above the ceiling") {
  RandomValues random(9);
  for (int i = 0; i < 20'000; ++i) {
    const Price price = rich_price();
    const std::int64_t bound = random.between(0, 600'000);
    const auto tier = static_cast<ServiceTier>(random.between(0, 3));
    const Rates ceiling = price.ceiling_rates(bound, tier);
    const Rates actual = price.rates_for(random.between(0, bound), tier);
    for (const Bucket bucket : kBuckets) {
      REQUIRE(actual.effective(bucket) <= ceiling.effective(bucket));
    }
  }
}

TEST_CASE("price: the most output is the model's maximum, else its context") {
  Price price;
  CHECK_FALSE(price.output_bound().has_value());
  price.context_window = 128'000;
  CHECK(price.output_bound() == 128'000);
  price.max_output = 4096;
  CHECK(price.output_bound() == 4096);
}

TEST_CASE("price: rates are read and written in usd per million tokens") {
  CHECK(parse_rate("2.5") == 2'500'000'000);
  CHECK(parse_rate("0.0028") == 2'800'000);
  CHECK(parse_rate("0") == 0);
  CHECK_FALSE(parse_rate("-1").has_value());
  CHECK_FALSE(parse_rate("cheap").has_value());
  CHECK(format_rate(2'500'000'000) == "2.5");
  CHECK(format_rate(2'800'000) == "0.0028");
}

TEST_CASE("price: one that knows nothing of what an endpoint bills does not cover it") {
  const auto covered = [](const Price& price) {
    std::string names;
    for (const auto* name : {"chat/completions",
                             "responses",
                             "embeddings",
                             "moderations",
                             "rerank",
                             "images/generations",
                             "audio/speech"}) {
      Call call;
      call.endpoint = name;
      const auto& endpoint = call.endpoint;
      call.makes_output =
          endpoint != "embeddings" && endpoint != "moderations" && endpoint != "rerank";
      if (covers(price, call)) names += (names.empty() ? "" : " ") + endpoint;
    }
    return names;
  };
  const std::string all =
      "chat/completions responses embeddings moderations rerank images/generations audio/speech";
  Price price;
  CHECK(covered(price).empty());
  price.free = true;
  CHECK(covered(price) == all);
  price = {};
  price.per_image = Money::nanos(1);
  CHECK(covered(price) == "images/generations");
  price = {};
  price.per_character = Money::nanos(1);
  CHECK(covered(price) == "audio/speech");
  price = {};
  price.per_second = Money::nanos(1);
  CHECK(covered(price) == "audio/speech");
  price = {};
  price.per_request = Money::nanos(1);
  CHECK(covered(price) == "moderations rerank");
  price.rates.own(Bucket::output) = 0;
  CHECK(covered(price) == "moderations rerank");
  price = {};
  price.rates.own(Bucket::input) = 0;
  CHECK(covered(price) == "embeddings moderations rerank");
  price.rates.own(Bucket::image_output) = 1;
  CHECK(covered(price) == "embeddings moderations rerank images/generations");
  price.rates.own(Bucket::output) = 1;
  CHECK(covered(price) == all);
}
