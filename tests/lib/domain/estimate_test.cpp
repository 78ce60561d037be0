#include "lib/domain/estimate.hpp"

#include "tests/lib/domain/random_values.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace nufi::domain;

namespace {

constexpr Rate kUsd = 1'000'000'000;

Price simple_price() {
  Price price;
  price.rates.own(Bucket::input) = kUsd;
  price.rates.own(Bucket::output) = 10 * kUsd;
  price.max_output = 16'384;
  return price;
}

Call chat(std::int64_t prompt_bound) {
  Call call;
  call.endpoint = "chat/completions";
  call.model = "m";
  call.prompt_bound = prompt_bound;
  return call;
}

/// A ceiling of anything a client can send and an admin can set.
Ceiling random_ceiling(RandomValues& random) {
  Price price;
  price.rates.own(Bucket::input) = random.of_any_size();
  price.rates.own(Bucket::output) = random.of_any_size();
  price.per_request = Money::nanos(random.of_any_size());
  if (random.between(0, 1) == 1) price.max_output = random.of_any_size();
  Call call = chat(random.of_any_size());
  call.choices = random.between(1, std::int64_t{1} << 31);
  if (random.between(0, 1) == 1) call.output_cap = random.of_any_size();
  const bool has_price = random.between(0, 3) != 0;
  return ceiling_of(call, has_price ? &price : nullptr, random.of_any_size());
}

}  // namespace

TEST_CASE("estimate: the ceiling is the prompt's bound and the client's cap per choice") {
  const Price price = simple_price();
  Call call = chat(1000);
  call.output_cap = 500;
  call.choices = 3;
  const Ceiling ceiling = ceiling_of(call, &price, 1'500'000);
  CHECK(ceiling.prompt_tokens == 1000);
  CHECK(ceiling.prompt_cost == Money::nanos(1'500'000));
  CHECK(ceiling.output_rate == 10 * kUsd);
  CHECK(ceiling.output_tokens == 500);
  CHECK_FALSE(ceiling.may_clamp);
  CHECK(ceiling.tokens_with(500) == 2500);
  CHECK(ceiling.cost_with(500) == Money::nanos(24'000'000));
}

TEST_CASE("estimate: without a cap the model's maximum counts, else nothing is known") {
  Price price = simple_price();
  CHECK(ceiling_of(chat(10), &price, kMultiplierOne).output_tokens == 16'384);
  CHECK(ceiling_of(chat(10), &price, kMultiplierOne).may_clamp);
  price.max_output.reset();
  CHECK_FALSE(ceiling_of(chat(10), &price, kMultiplierOne).output_tokens.has_value());
  CHECK_FALSE(ceiling_of(chat(10), nullptr, kMultiplierOne).output_tokens.has_value());
}

TEST_CASE("estimate: a call without output is bound by its prompt") {
  const Price price = simple_price();
  Call call = chat(1000);
  call.makes_output = false;
  const Ceiling ceiling = ceiling_of(call, &price, kMultiplierOne);
  CHECK(ceiling.output_tokens == 0);
  CHECK_FALSE(ceiling.may_clamp);
  const Ask ask = ask_for(ceiling, Money::nanos(1'000'000), 1000);
  CHECK(ask.tokens == 1000);
  CHECK(ask.money == Money::nanos(1'000'000));
  CHECK_FALSE(ask.clamped_output.has_value());
}

TEST_CASE("estimate: no price and a free price cost nothing") {
  Price price = simple_price();
  price.free = true;
  price.per_request = Money::nanos(5);
  Call call = chat(1000);
  call.output_cap = 1000;
  CHECK(ceiling_of(call, &price, kMultiplierOne).cost_with(1000) == Money::zero());
  CHECK(ceiling_of(call, nullptr, kMultiplierOne).cost_with(INT64_MAX) == Money::zero());
}

TEST_CASE("estimate: the dearer of the asked and the standard tier counts") {
  Price price = simple_price();
  Rates flex;
  flex.own(Bucket::input) = kUsd / 2;
  flex.own(Bucket::output) = 5 * kUsd;
  price.service[static_cast<std::size_t>(ServiceTier::flex)] = flex;
  Rates priority;
  priority.own(Bucket::output) = 20 * kUsd;
  price.service[static_cast<std::size_t>(ServiceTier::priority)] = priority;
  Call call = chat(1000);
  call.tier = ServiceTier::flex;
  CHECK(ceiling_of(call, &price, kMultiplierOne).output_rate == 10 * kUsd);
  call.tier = ServiceTier::priority;
  CHECK(ceiling_of(call, &price, kMultiplierOne).output_rate == 20 * kUsd);
}

TEST_CASE("estimate: an absurd cap saturates, it never wraps") {
  const Price price = simple_price();
  Call call = chat(1000);
  call.output_cap = std::int64_t{1} << 62;
  call.choices = std::int64_t{1} << 31;
  const Ceiling ceiling = ceiling_of(call, &price, kMultiplierOne);
  CHECK(ceiling.tokens_with(*call.output_cap) == INT64_MAX);
  CHECK(ceiling.cost_with(*call.output_cap) == Money::max());
  const Ask ask = ask_for(ceiling, Money::max(), INT64_MAX);
  CHECK(ask.money == Money::max());
  CHECK(ask.tokens == INT64_MAX);
}

TEST_CASE("estimate: what is only counted is cut, so that sums of holds can't overflow") {
  const Price price = simple_price();
  Call call = chat(1000);
  call.output_cap = std::int64_t{1} << 62;
  const Ask ask = ask_for(ceiling_of(call, &price, kMultiplierOne), std::nullopt, std::nullopt);
  CHECK(ask.tokens == kMostCountedTokens);
  CHECK(ask.money == kMostCountedMoney);
}

TEST_CASE("estimate: the dearest of two covers both") {
  RandomValues random(10);
  for (int i = 0; i < 20'000; ++i) {
    const Ceiling a = random_ceiling(random);
    const Ceiling b = random_ceiling(random);
    const Ceiling both = dearest(a, b);
    const std::int64_t output = random.of_any_size();
    REQUIRE(both.cost_with(output) >= a.cost_with(output));
    REQUIRE(both.cost_with(output) >= b.cost_with(output));
    REQUIRE(both.tokens_with(output) >= std::max(a.tokens_with(output), b.tokens_with(output)));
    if (!a.output_tokens || !b.output_tokens) REQUIRE_FALSE(both.output_tokens.has_value());
  }
}

TEST_CASE("estimate: more output never costs less") {
  RandomValues random(11);
  for (int i = 0; i < 50'000; ++i) {
    const Ceiling ceiling = random_ceiling(random);
    const std::int64_t more = random.of_any_size();
    const std::int64_t less = random.between(0, more);
    REQUIRE(ceiling.cost_with(less) <= ceiling.cost_with(more));
    REQUIRE(ceiling.tokens_with(less) <= ceiling.tokens_with(more));
    REQUIRE(ceiling.prompt_cost <= ceiling.cost_with(0));
  }
}

TEST_CASE("estimate: no usage within the bounds costs more than the ceiling") {
  RandomValues random(12);
  for (int i = 0; i < 50'000; ++i) {
    Price price = simple_price();
    for (const Bucket bucket : kBuckets) {
      if (random.between(0, 1) == 1) price.rates.own(bucket) = random.between(0, 200 * kUsd);
    }
    price.per_request = Money::nanos(random.between(0, kUsd));
    ContextTier tier;
    tier.above_tokens = random.between(0, 50'000);
    tier.rates.own(Bucket::input) = random.between(0, 200 * kUsd);
    if (random.between(0, 1) == 1) tier.rates.own(Bucket::output) = random.between(0, 200 * kUsd);
    price.tiers.push_back(tier);
    const auto service = static_cast<ServiceTier>(random.between(0, 3));
    Rates own;
    own.own(Bucket::input) = random.between(0, 200 * kUsd);
    price.service[static_cast<std::size_t>(service)] = own;

    Call call = chat(random.between(0, 100'000));
    call.output_cap = random.between(0, 50'000);
    call.choices = random.between(1, 4);
    call.tier = service;
    const Multiplier multiplier = random.between(0, 3'000'000);
    const Ceiling ceiling = ceiling_of(call, &price, multiplier);

    Usage usage;
    std::int64_t prompt = random.between(0, call.prompt_bound);
    std::int64_t output = random.between(0, *call.output_cap * call.choices);
    usage[Bucket::cached_input] = random.between(0, prompt);
    prompt -= usage[Bucket::cached_input];
    usage[Bucket::cache_write] = random.between(0, prompt);
    usage[Bucket::input] = prompt - usage[Bucket::cache_write];
    usage[Bucket::reasoning] = random.between(0, output);
    usage[Bucket::output] = output - usage[Bucket::reasoning];
    const Money hold = ceiling.cost_with(*call.output_cap);
    REQUIRE(cost_of(usage, price, service, multiplier) <= hold);
    REQUIRE(cost_of(usage, price, ServiceTier::standard, multiplier) <= hold);
    REQUIRE(usage.total() <= ceiling.tokens_with(*call.output_cap));
  }
}

TEST_CASE("estimate: a call with a cap asks for all of it, whatever is left") {
  const Price price = simple_price();
  Call call = chat(1000);
  call.output_cap = 1000;
  const Ask ask = ask_for(ceiling_of(call, &price, kMultiplierOne), Money::nanos(1), 1);
  CHECK(ask.money == Money::nanos(11'000'000));
  CHECK(ask.tokens == 2000);
  CHECK_FALSE(ask.clamped_output.has_value());
}

TEST_CASE("estimate: without a cap a quarter of the smallest window is asked for") {
  const Price price = simple_price();
  const Ceiling ceiling = ceiling_of(chat(1000), &price, kMultiplierOne);
  // A quarter is 0.025 USD; 0.001 is for the prompt, so 2,400 tokens of output are left.
  const Ask by_money = ask_for(ceiling, Money::nanos(100'000'000), std::nullopt);
  CHECK(by_money.clamped_output == 2400);
  CHECK(by_money.money == Money::nanos(25'000'000));
  CHECK(by_money.tokens == 3400);

  const Ask by_tokens = ask_for(ceiling, Money::nanos(100'000'000), 8000);
  CHECK(by_tokens.clamped_output == 1000);
  CHECK(by_tokens.tokens == 2000);
}

TEST_CASE("estimate: a clamp leaves at least 256 tokens, or the model's maximum if that is less") {
  Price price = simple_price();
  const Ask ask =
      ask_for(ceiling_of(chat(1000), &price, kMultiplierOne), Money::nanos(1000), std::nullopt);
  CHECK(ask.clamped_output == 256);
  CHECK(ask.money == Money::nanos(3'560'000));

  price.max_output = 100;
  const Ask small =
      ask_for(ceiling_of(chat(1000), &price, kMultiplierOne), Money::nanos(1000), std::nullopt);
  CHECK_FALSE(small.clamped_output.has_value());
  CHECK(small.tokens == 1100);
}

TEST_CASE("estimate: with room for the whole maximum in the quarter nothing is clamped") {
  const Price price = simple_price();
  const Ceiling ceiling = ceiling_of(chat(1000), &price, kMultiplierOne);
  const Money whole = ceiling.cost_with(16'384);
  const Ask fits = ask_for(ceiling, Money::nanos(whole.nanos() * 4), std::nullopt);
  CHECK_FALSE(fits.clamped_output.has_value());
  CHECK(fits.money == whole);
  const Ask short_of_it = ask_for(ceiling, Money::nanos(whole.nanos() * 4 - 1), std::nullopt);
  CHECK(short_of_it.clamped_output == 16'383);
}

TEST_CASE("estimate: without limits nothing is clamped") {
  const Price price = simple_price();
  const Ask known =
      ask_for(ceiling_of(chat(1000), &price, kMultiplierOne), std::nullopt, std::nullopt);
  CHECK_FALSE(known.clamped_output.has_value());
  CHECK(known.tokens == 17'384);
  const Ask unknown =
      ask_for(ceiling_of(chat(1000), nullptr, kMultiplierOne), std::nullopt, std::nullopt);
  CHECK_FALSE(unknown.clamped_output.has_value());
  CHECK(unknown.tokens == 1000 + kLeastUsefulOutput);
}

TEST_CASE("estimate: an unknown maximum is clamped where output counts") {
  Price price = simple_price();
  price.max_output.reset();
  const Ceiling ceiling = ceiling_of(chat(1000), &price, kMultiplierOne);
  CHECK(ask_for(ceiling, Money::nanos(100'000'000), std::nullopt).clamped_output == 2400);
  CHECK(ask_for(ceiling, std::nullopt, 8000).clamped_output == 1000);
  const Ceiling unpriced = ceiling_of(chat(1000), nullptr, kMultiplierOne);
  CHECK_FALSE(ask_for(unpriced, Money::nanos(1000), std::nullopt).clamped_output.has_value());
  CHECK(ask_for(unpriced, Money::nanos(1000), 8000).clamped_output == 1000);
}

TEST_CASE("estimate: above the least useful output never more than a quarter is asked for") {
  RandomValues random(13);
  for (int i = 0; i < 100'000; ++i) {
    Ceiling ceiling = random_ceiling(random);
    ceiling.may_clamp = true;
    const Money usd = Money::nanos(random.of_any_size());
    const std::int64_t tokens = random.of_any_size();
    const Ask ask = ask_for(ceiling, usd, tokens);
    const std::int64_t most = ceiling.output_tokens.value_or(INT64_MAX);
    const std::int64_t floor = std::min(kLeastUsefulOutput, most);
    const Money money_floor = ceiling.cost_with(floor);
    REQUIRE(ask.money <= std::max(Money::nanos(usd.nanos() / 4), money_floor));
    REQUIRE(ask.tokens <= std::max(tokens / 4, ceiling.tokens_with(floor)));
    REQUIRE(ask.money >= money_floor);
    REQUIRE(ask.tokens >= ceiling.tokens_with(floor));
    if (ask.clamped_output) {
      REQUIRE(*ask.clamped_output < most);
      REQUIRE(*ask.clamped_output >= floor);
      REQUIRE(ask.money == ceiling.cost_with(*ask.clamped_output));
      // One token more would not have been within the quarter.
      const std::int64_t next = *ask.clamped_output + 1;
      const bool next_fits = ceiling.cost_with(next).nanos() <= usd.nanos() / 4 &&
                             ceiling.tokens_with(next) <= tokens / 4;
      REQUIRE((!next_fits || ceiling.cost_with(next) == Money::max()));
    } else {
      REQUIRE(ask.money == ceiling.cost_with(most));
    }
  }
}

TEST_CASE("estimate: a prompt is never billed more than the context window, once per prompt") {
  Price price = simple_price();
  price.context_window = 8'000;
  Call call = chat(1'000'000);
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_tokens == 8'000);
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_cost == Money::nanos(8'000'000));
  call.prompts = 3;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_tokens == 24'000);
  call.prompt_bound = 10;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_tokens == 10);
  call.prompts = INT64_MAX;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_tokens == 10);
}

TEST_CASE("estimate: what is not in the body is bounded by the window, the longest if unknown") {
  Price price = simple_price();
  price.context_window = 8'000;
  Call call = chat(10);
  call.prompt_is_elsewhere = true;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_tokens == 8'000);
  call.prompts = 5;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_tokens == 40'000);
  call.prompts = 1;
  price.context_window.reset();
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_tokens >= 1'000'000);
  CHECK(ceiling_of(call, nullptr, kMultiplierOne).prompt_tokens >= 1'000'000);
  call.prompts = INT64_MAX;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_tokens == INT64_MAX);
}

TEST_CASE("estimate: a long prompt's tier is held only if the window reaches it") {
  Price price = simple_price();
  ContextTier tier;
  tier.above_tokens = 10'000;
  tier.rates.own(Bucket::input) = 2 * kUsd;
  price.tiers.push_back(tier);
  price.context_window = 8'000;
  CHECK(ceiling_of(chat(50'000), &price, kMultiplierOne).prompt_cost == Money::nanos(8'000'000));
  price.context_window = 20'000;
  CHECK(ceiling_of(chat(50'000), &price, kMultiplierOne).prompt_cost == Money::nanos(40'000'000));
}

TEST_CASE("estimate: pictures, seconds and characters are part of the ceiling, multiplied") {
  Price price;
  price.per_request = Money::nanos(1);
  price.per_image = Money::nanos(40'000'000);
  price.per_second = Money::nanos(100'000);
  price.per_character = Money::nanos(15'000);
  Call call = chat(0);
  call.output_cap = 0;
  call.image_bound = 3;
  call.audio_ms_bound = 1'001;  // two seconds, when rounded up
  call.character_bound = 10;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_cost ==
        Money::nanos(1 + 120'000'000 + 200'000 + 150'000));
  CHECK(ceiling_of(call, &price, 2'000'000).prompt_cost ==
        Money::nanos(2 * (1 + 120'000'000 + 200'000 + 150'000)));
  call.image_bound = INT64_MAX;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_cost == Money::max());
  price.free = true;
  CHECK(ceiling_of(call, &price, kMultiplierOne).prompt_cost == Money::zero());
}

TEST_CASE("estimate: output beside the cap is held at the output's rate") {
  const Price price = simple_price();
  Call call = chat(100);
  call.output_cap = 5;
  call.output_beside = 20;
  const Ceiling ceiling = ceiling_of(call, &price, kMultiplierOne);
  CHECK(ceiling.tokens_with(5) == 125);
  CHECK(ceiling.cost_with(5) == Money::nanos(100 * 1'000 + 25 * 10'000));
}
