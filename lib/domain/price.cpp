// How rates become an amount. Every token of a call is billed at the rate of its bucket, the sum is
// multiplied and rounded up once. Ceilings take the maximum over everything the call could be
// billed at, so that a cost is never above its ceiling: each step below only ever errs upwards.
#include "lib/domain/price.hpp"

#include "lib/base/error.hpp"
#include "lib/domain/wide.hpp"

#include <algorithm>

namespace nufi::domain {
namespace {

constexpr Wide kTokensPerRate = 1'000'000;

constexpr std::array kPromptBuckets = {Bucket::input,
                                       Bucket::cached_input,
                                       Bucket::cache_write,
                                       Bucket::audio_input,
                                       Bucket::image_input};
constexpr std::array kCompletionBuckets = {
    Bucket::output, Bucket::reasoning, Bucket::audio_output, Bucket::image_output};

/// The bucket whose rate stands in for `bucket`.
Bucket kind_of(Bucket bucket) {
  return bucket < Bucket::output ? Bucket::input : Bucket::output;
}

/// (`amount` in nano-USD × million tokens) × `multiplier`, as nano-USD rounded up; may be kWidest.
Wide to_nanos(Wide amount, Multiplier multiplier) {
  return divide_up(multiply(amount, widen(multiplier)), kTokensPerRate * widen(kMultiplierOne));
}

/// `rate` raised as much as `from` → `to` is a raise, rounded up; never lowered.
Rate raise(Rate rate, Rate from, Rate to) {
  if (to <= from) return rate;
  if (from <= 0) return std::max(rate, to);
  return narrow(divide_up(multiply(widen(rate), widen(to)), widen(from)));
}

/// `base` with what a context tier changes.
Rates with_context(const Rates& base, const Rates& tier) {
  Rates out = base;
  for (const Bucket bucket : kBuckets) {
    const Bucket kind = kind_of(bucket);
    if (tier.own(bucket)) {
      out.own(bucket) = tier.own(bucket);
    } else if (bucket != kind && base.own(bucket) && tier.own(kind)) {
      const Rate raised = raise(*base.own(bucket), base.effective(kind), *tier.own(kind));
      out.own(bucket) = std::max(raised, *tier.own(kind));
    }
  }
  return out;
}

/// `standard` (= `base` at the prompt's size) with what a service tier changes.
Rates with_service(const Rates& base, const Rates& standard, const Rates& service) {
  Rates out = standard;
  for (const Bucket bucket : kBuckets) {
    const Bucket kind = kind_of(bucket);
    if (service.own(bucket)) {
      out.own(bucket) =
          raise(*service.own(bucket), base.effective(bucket), standard.effective(bucket));
    } else if (bucket != kind && standard.own(bucket) && service.own(kind)) {
      out.own(bucket) = raise(*standard.own(bucket), base.effective(kind), *service.own(kind));
    }
  }
  return out;
}

}  // namespace

Rate Rates::effective(Bucket bucket) const {
  if (own(bucket)) return *own(bucket);
  return own(kind_of(bucket)).value_or(0);
}

Rate Rates::dearest_prompt() const {
  Rate dearest = 0;
  for (const Bucket bucket : kPromptBuckets) dearest = std::max(dearest, effective(bucket));
  return dearest;
}

Rate Rates::dearest_completion() const {
  Rate dearest = 0;
  for (const Bucket bucket : kCompletionBuckets) dearest = std::max(dearest, effective(bucket));
  return dearest;
}

Rates Price::rates_for(std::int64_t prompt_tokens, ServiceTier tier) const {
  const ContextTier* reached = nullptr;
  for (const ContextTier& candidate : tiers) {
    if (prompt_tokens > candidate.above_tokens) reached = &candidate;
  }
  const Rates standard = reached != nullptr ? with_context(rates, reached->rates) : rates;
  const auto& own_service = service[static_cast<std::size_t>(tier)];
  if (tier == ServiceTier::standard || !own_service) return standard;
  return with_service(rates, standard, *own_service);
}

Rates Price::ceiling_rates(std::int64_t prompt_tokens, ServiceTier tier) const {
  Rates out;
  const auto raise_to = [&out](const Rates& other) {
    for (const Bucket bucket : kBuckets) {
      out.own(bucket) = std::max(out.own(bucket).value_or(0), other.effective(bucket));
    }
  };
  raise_to(rates_for(0, tier));
  for (const ContextTier& reachable : tiers) {
    if (prompt_tokens > reachable.above_tokens) {
      raise_to(rates_for(reachable.above_tokens + 1, tier));
    }
  }
  return out;
}

std::optional<std::int64_t> Price::output_bound() const {
  return max_output ? max_output : context_window;
}

void Price::fill_limits_from(const Price& other) {
  if (mode.empty()) mode = other.mode;
  if (!context_window) context_window = other.context_window;
  if (!max_output) max_output = other.max_output;
}

Money cost_of(const Usage& usage, const Price& price, ServiceTier tier, Multiplier multiplier) {
  if (price.free) return Money::zero();
  const Rates rates = price.rates_for(usage.prompt(), tier);
  // In nano-USD × million, as tokens × rate is: so that all of it is rounded once.
  constexpr Wide kUnit = kTokensPerRate;
  constexpr Wide kMillisecond = kTokensPerRate / 1000;
  Wide amount = multiply(widen(price.per_request.nanos()), kUnit);
  const auto add_units = [&amount](std::int64_t count, Money each, Wide unit) {
    amount = add(amount, multiply(multiply(widen(count), widen(each.nanos())), unit));
  };
  add_units(usage.images, price.per_image, kUnit);
  add_units(usage.audio_ms, price.per_second, kMillisecond);
  add_units(usage.characters, price.per_character, kUnit);
  for (const Bucket bucket : kBuckets) {
    amount = add(amount, multiply(widen(usage[bucket]), widen(rates.effective(bucket))));
  }
  const Wide nanos = to_nanos(amount, multiplier);
  if (nanos > widen(INT64_MAX)) {
    throw Error(Errc::internal, "the cost of a call is out of range");
  }
  return Money::nanos(narrow(nanos));
}

Money cost_of_tokens(std::int64_t tokens, Rate rate, Multiplier multiplier) {
  return Money::nanos(narrow(to_nanos(multiply(widen(tokens), widen(rate)), multiplier)));
}

std::optional<Rate> parse_rate(std::string_view usd_per_million) {
  const std::optional<Money> amount = parse_usd(usd_per_million);
  if (!amount) return std::nullopt;
  return amount->nanos();
}

std::string format_rate(Rate rate) {
  return format_usd(Money::nanos(rate));
}

}  // namespace nufi::domain
