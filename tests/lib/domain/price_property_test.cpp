// What holds for every price and every call: a cost is exact, never negative, never above the
// ceiling of a call whose bounds cover the usage, and more usage never costs less.
#include "lib/domain/estimate.hpp"
#include "lib/domain/price.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <rapidcheck.h>

using namespace nufi::domain;

namespace {

constexpr std::array kTiers = {
    ServiceTier::standard, ServiceTier::flex, ServiceTier::priority, ServiceTier::batch};

std::int64_t below(std::int64_t most) {
  return *rc::gen::inRange<std::int64_t>(0, most);
}

Rates any_rates(bool whole) {
  Rates rates;
  for (const Bucket bucket : kBuckets) {
    const bool is_kind = bucket == Bucket::input || bucket == Bucket::output;
    if ((whole && is_kind) || below(2) == 0) rates.own(bucket) = below(200'000'000'000);
  }
  return rates;
}

Price any_price() {
  Price price;
  price.rates = any_rates(/*whole=*/true);
  std::int64_t above = 0;
  for (std::int64_t left = below(4); left > 0; --left) {
    above += 1 + below(100'000);
    price.tiers.push_back({above, any_rates(/*whole=*/false)});
  }
  for (std::size_t tier = 1; tier < kTiers.size(); ++tier) {
    if (below(2) == 0) price.service[tier] = any_rates(/*whole=*/false);
  }
  const auto unit = [] { return below(2) == 0 ? Money::nanos(below(100'000'000)) : Money::zero(); };
  price.per_request = unit();
  price.per_image = unit();
  price.per_second = unit();
  price.per_character = unit();
  return price;
}

/// A usage that `call` bounds, with at most `output` tokens of output per choice.
Usage any_usage(const Call& call, std::int64_t output) {
  Usage usage;
  std::int64_t prompt = call.prompt_bound;
  std::int64_t completion = call.makes_output ? output * call.choices : 0;
  for (const Bucket bucket : kBuckets) {
    std::int64_t& left = bucket < Bucket::output ? prompt : completion;
    usage[bucket] = below(left + 1);
    left -= usage[bucket];
  }
  usage.images = below(call.image_bound + 1);
  usage.audio_ms = below(call.audio_ms_bound + 1);
  usage.characters = below(call.character_bound + 1);
  return usage;
}

Call any_call() {
  Call call;
  call.endpoint = "chat/completions";
  call.makes_output = below(4) != 0;
  call.prompt_bound = below(300'000);
  call.output_cap = below(100'000);
  call.choices = 1 + below(4);
  call.image_bound = below(10);
  call.audio_ms_bound = below(600'000);
  call.character_bound = below(5000);
  call.tier = kTiers[static_cast<std::size_t>(below(4))];
  return call;
}

/// The tiers a provider may serve the call at.
ServiceTier served_at(const Call& call) {
  return below(2) == 0 ? call.tier : ServiceTier::standard;
}

}  // namespace

TEST_CASE("price: no cost passes the ceiling of a call whose bounds cover the usage") {
  CHECK(rc::check([] {
    const Price price = any_price();
    const Call call = any_call();
    const Multiplier multiplier = below(5'000'000);
    const Ceiling ceiling = ceiling_of(call, &price, multiplier);
    const std::int64_t output = ceiling.output_tokens.value();
    const Usage usage = any_usage(call, output);
    const Money cost = cost_of(usage, price, served_at(call), multiplier);
    RC_ASSERT(cost >= Money::zero());
    RC_ASSERT(cost <= ceiling.cost_with(output));
    RC_ASSERT(usage.total() <= ceiling.tokens_with(output));
  }));
}

TEST_CASE("price: a little more output never passes a clamped ceiling either") {
  CHECK(rc::check([] {
    const Price price = any_price();
    Call call = any_call();
    call.output_cap.reset();
    const Ceiling ceiling = ceiling_of(call, &price, kMultiplierOne);
    const Money left = Money::nanos(below(1'000'000'000'000));
    const Ask ask = ask_for(ceiling, left, std::nullopt);
    const std::int64_t output = ask.clamped_output.value_or(call.makes_output ? 256 : 0);
    const Usage usage = any_usage(call, output);
    RC_ASSERT(cost_of(usage, price, served_at(call), kMultiplierOne) <= ceiling.cost_with(output));
  }));
}

TEST_CASE("price: more of anything never costs less, at one size of the prompt") {
  CHECK(rc::check([] {
    Price price = any_price();
    price.tiers.clear();  // a tier may be cheaper: providers do that, and bounds allow for it
    const ServiceTier tier = kTiers[static_cast<std::size_t>(below(4))];
    Usage usage = any_usage(any_call(), 5000);
    const Money before = cost_of(usage, price, tier, kMultiplierOne);
    const auto which = static_cast<std::size_t>(below(kBucketCount + 3));
    const std::int64_t more = 1 + below(100'000);
    if (which < kBucketCount) usage.tokens[which] += more;
    if (which == kBucketCount) usage.images += more;
    if (which == kBucketCount + 1) usage.audio_ms += more;
    if (which == kBucketCount + 2) usage.characters += more;
    RC_ASSERT(cost_of(usage, price, tier, kMultiplierOne) >= before);
    RC_ASSERT(cost_of(usage, price, tier, 2 * kMultiplierOne) >=
              cost_of(usage, price, tier, kMultiplierOne));
  }));
}
