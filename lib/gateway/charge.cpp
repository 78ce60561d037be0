#include "lib/gateway/charge.hpp"

#include "lib/base/error.hpp"
#include "lib/domain/wide.hpp"
#include "lib/gateway/transcript_usage.hpp"

#include <algorithm>

namespace nufi::gateway {
namespace {

using domain::Bucket;
using domain::CostBasis;
using openai::Form;

/// People speak about 14 characters a second, which is 20.8 tokens of audio.
constexpr std::int64_t kSpokenMsPerCharacter = 72;
constexpr std::int64_t kSpokenTokensPerTwoCharacters = 3;

/// What a multiplied amount is without its group's multiplier.
domain::Money unmultiplied(domain::Money amount, domain::Multiplier multiplier) {
  if (multiplier <= 0) return domain::Money::zero();
  const auto scaled =
      domain::multiply(domain::widen(amount.nanos()), domain::widen(domain::kMultiplierOne));
  return domain::Money::nanos(domain::narrow(domain::divide_up(scaled, domain::widen(multiplier))));
}

void charge_hold(const domain::Ask& ask, const Pricing& pricing, ledger::Settlement& settlement) {
  settlement.usage = {};
  settlement.usage[Bucket::output] = ask.tokens;
  settlement.usage_basis = CostBasis::held;
  settlement.basis = pricing.price == nullptr && !pricing.free ? CostBasis::none : CostBasis::held;
  if (pricing.price != nullptr) settlement.price_id = pricing.price->id;
  // The hold was for the dearest candidate; one without a price costs nothing all the same.
  const bool costs = pricing.price != nullptr && !pricing.free;
  settlement.cost = costs ? ask.money : domain::Money::zero();
  settlement.upstream_cost = std::min(unmultiplied(settlement.cost, pricing.multiplier),
                                      std::max(ask.money, domain::kMostCountedMoney));
}

void charge_usage(const domain::Usage& usage,
                  CostBasis basis,
                  const Pricing& pricing,
                  ledger::Settlement& settlement) {
  settlement.usage = usage;
  settlement.usage_basis = basis;
  settlement.basis = pricing.price == nullptr && !pricing.free ? CostBasis::none : basis;
  if (pricing.price == nullptr) return;
  settlement.price_id = pricing.price->id;
  settlement.cost = domain::cost_of(usage, *pricing.price, pricing.tier, pricing.multiplier);
  settlement.upstream_cost =
      pricing.multiplier == domain::kMultiplierOne
          ? settlement.cost
          : domain::cost_of(usage, *pricing.price, pricing.tier, domain::kMultiplierOne);
}

bool makes_pictures(Form form) {
  return form == Form::images || form == Form::image_edits;
}

/// What is counted by other units than tokens.
void add_units(const Meter* meter, const Asked& asked, domain::Usage& usage) {
  if (makes_pictures(asked.form)) {
    usage.images = asked.images;
    if (meter != nullptr) usage.images = meter->pictures().value_or(asked.images);
  }
  if (asked.form == Form::speech) usage.characters = asked.characters;
  if (asked.form == Form::transcriptions) {
    usage.audio_ms = std::min(asked.audio_ms, asked.audio_ms_bound);
  }
}

/// What was used, by all that is known without a report of it. Never more tokens than were held,
/// which is a bound of what the call can use.
domain::Usage estimate(const Meter* meter, const domain::Ask& ask, const Asked& asked) {
  domain::Usage usage;
  add_units(meter, asked, usage);
  usage[Bucket::input] = std::min(asked.prompt_estimate, ask.tokens);
  const auto rest = ask.tokens - usage[Bucket::input];
  if (makes_pictures(asked.form)) {
    usage[Bucket::image_output] = std::min(usage.images * asked.picture_tokens, rest);
  } else if (asked.form == Form::speech) {
    usage[Bucket::audio_output] =
        std::min((asked.characters * kSpokenTokensPerTwoCharacters + 1) / 2, rest);
  } else {
    usage[Bucket::output] = std::min(meter != nullptr ? meter->estimated_output() : 0, rest);
  }
  return usage;
}

/// What the reply reports, with what it leaves out: a half that is missing is estimated, and where
/// more was counted than it says, that counts. Exact if nothing had to be added.
domain::Usage reported_usage(const Meter& meter,
                             const domain::Ask& ask,
                             const Asked& asked,
                             CostBasis& basis) {
  const auto& reported = meter.usage();
  auto usage = reported.usage;
  add_units(&meter, asked, usage);
  basis = CostBasis::exact;
  if (!reported.prompt_missing && !reported.completion_missing && !meter.has_output_after_usage()) {
    return usage;
  }
  const auto estimated = estimate(&meter, ask, asked);
  if (reported.prompt_missing) {
    basis = CostBasis::estimated;
    auto prompt = estimated[Bucket::input];
    if (reported.completion_missing) {  // only the total is known, and stands as output
      for (const auto bucket : {Bucket::output, Bucket::image_output, Bucket::audio_output}) {
        const auto moved = std::min(prompt, usage[bucket]);
        usage[bucket] -= moved;
        usage[Bucket::input] += moved;
        prompt -= moved;
      }
    } else {
      usage[Bucket::input] += prompt;
    }
  }
  if (reported.completion_missing) basis = CostBasis::estimated;
  const bool is_partial = reported.completion_missing || meter.has_output_after_usage();
  const auto more = estimated.completion() - usage.completion();
  if (is_partial && more > 0) {
    basis = CostBasis::estimated;
    auto made = Bucket::output;
    if (makes_pictures(asked.form)) made = Bucket::image_output;
    if (asked.form == Form::speech) made = Bucket::audio_output;
    usage[made] += more;
  }
  return usage;
}

void charge_estimate(const Meter* meter,
                     const Pricing& pricing,
                     const domain::Ask& ask,
                     const Asked& asked,
                     ledger::Settlement& settlement) {
  const bool counts_units = makes_pictures(asked.form) || asked.form == Form::speech;
  if (counts_units && (pricing.price == nullptr || !bills_tokens(*pricing.price))) {
    // Pictures that are listed and characters are known exactly, seconds are not.
    domain::Usage usage;
    add_units(meter, asked, usage);
    auto basis = CostBasis::exact;
    if (makes_pictures(asked.form) && (meter == nullptr || !meter->pictures())) {
      basis = CostBasis::estimated;
    }
    if (pricing.price != nullptr && pricing.price->per_second > domain::Money::zero()) {
      usage.audio_ms = asked.characters * kSpokenMsPerCharacter;
      basis = CostBasis::estimated;
    }
    return charge_usage(usage, basis, pricing, settlement);
  }
  charge_usage(estimate(meter, ask, asked), CostBasis::estimated, pricing, settlement);
  if (settlement.cost <= ask.money) return;
  settlement.cost = ask.money;
  settlement.upstream_cost = unmultiplied(ask.money, pricing.multiplier);
}

void charge_transcript(const Meter* meter,
                       const Pricing& pricing,
                       const domain::Ask& ask,
                       const Asked& asked,
                       ledger::Settlement& settlement) {
  if (meter != nullptr) settlement.upstream_reported_cost = meter->usage().cost;
  const auto used = transcript_usage(meter, pricing, asked);
  charge_usage(
      used.usage, used.is_exact ? CostBasis::exact : CostBasis::estimated, pricing, settlement);
  if (used.is_exact || settlement.cost <= ask.money) return;
  settlement.cost = ask.money;
  settlement.upstream_cost = unmultiplied(ask.money, pricing.multiplier);
}

void charge_served(const Meter* meter,
                   const Pricing& pricing,
                   const domain::Ask& ask,
                   const Asked& asked,
                   ledger::Settlement& settlement) {
  using Kind = Meter::UsageKind;
  if (meter != nullptr && meter->has_unreadable_pictures()) {
    settlement.error_code = "usage_invalid";
    return charge_hold(ask, pricing, settlement);
  }
  const auto kind = meter != nullptr ? meter->usage_kind() : Kind::missing;
  if (asked.form == Form::transcriptions && kind != Kind::impossible) {
    return charge_transcript(meter, pricing, ask, asked, settlement);
  }
  switch (kind) {
    case Kind::impossible:
      settlement.error_code = "usage_invalid";
      return charge_hold(ask, pricing, settlement);
    case Kind::reported: {
      settlement.upstream_reported_cost = meter->usage().cost;
      auto basis = CostBasis::exact;
      const auto usage = reported_usage(*meter, ask, asked, basis);
      return charge_usage(usage, basis, pricing, settlement);
    }
    case Kind::missing:
      return charge_estimate(meter, pricing, ask, asked, settlement);
  }
}

}  // namespace

bool bills_tokens(const domain::Price& price) {
  return std::any_of(price.rates.of.begin(), price.rates.of.end(), [](const auto& rate) {
    return rate.value_or(0) > 0;
  });
}

void charge(Ending ending,
            const Meter* meter,
            const Pricing& pricing,
            const domain::Ask& ask,
            const Asked& asked,
            ledger::Settlement& settlement) {
  settlement.tier = pricing.tier;
  settlement.multiplier = pricing.multiplier;
  if (ending == Ending::failed) {
    settlement.basis = CostBasis::exact;
  } else if (ending == Ending::unseen) {
    charge_hold(ask, pricing, settlement);
  } else {
    try {
      charge_served(meter, pricing, ask, asked, settlement);
      // Sums of what is absurd would be more than the books can hold.
      const auto most = std::max(ask.money, domain::kMostCountedMoney);
      if (settlement.cost <= most && settlement.upstream_cost <= most) return;
    } catch (const Error&) {
      // The same, only more so.
    }
    settlement.error_code = "cost_out_of_range";
    charge_hold(ask, pricing, settlement);
  }
}

domain::Usage used_so_far(const Meter& meter, const domain::Ask& ask, const Asked& asked) {
  auto basis = CostBasis::exact;
  if (meter.usage_kind() == Meter::UsageKind::reported) {
    return reported_usage(meter, ask, asked, basis);
  }
  return estimate(&meter, ask, asked);
}

domain::Money cost_so_far(const domain::Usage& usage, const Pricing& pricing) {
  if (pricing.price == nullptr || pricing.free) return domain::Money::zero();
  try {
    return domain::cost_of(usage, *pricing.price, pricing.tier, pricing.multiplier);
  } catch (const Error&) {
    return domain::Money::max();
  }
}

}  // namespace nufi::gateway
