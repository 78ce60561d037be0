#include "lib/gateway/charge.hpp"

#include <algorithm>

namespace nufi::gateway {
namespace {

using domain::Bucket;
using domain::CostBasis;

void charge_hold(const domain::Ask& ask, const Pricing& pricing, ledger::Settlement& settlement) {
  settlement.usage = {};
  settlement.usage[Bucket::output] = ask.tokens;
  settlement.cost = ask.money;
  settlement.upstream_cost = ask.money;
  settlement.basis = pricing.price == nullptr && !pricing.free ? CostBasis::none : CostBasis::held;
  settlement.usage_basis = CostBasis::held;
  if (pricing.price != nullptr) settlement.price_id = pricing.price->id;
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

}  // namespace

void charge(Ending ending,
            const Meter* meter,
            const Pricing& pricing,
            const domain::Ask& ask,
            std::int64_t prompt_estimate,
            ledger::Settlement& settlement) {
  settlement.tier = pricing.tier;
  settlement.multiplier = pricing.multiplier;
  if (ending == Ending::failed) {
    settlement.basis = CostBasis::exact;
    return;
  }
  if (ending == Ending::unseen) return charge_hold(ask, pricing, settlement);

  const auto kind = meter ? meter->usage_kind() : Meter::UsageKind::missing;
  if (kind == Meter::UsageKind::impossible) {
    settlement.error_code = "usage_invalid";
    return charge_hold(ask, pricing, settlement);
  }
  if (kind == Meter::UsageKind::reported) {
    settlement.upstream_reported_cost = meter->usage().cost;
    return charge_usage(meter->usage().usage, CostBasis::exact, pricing, settlement);
  }
  // An estimate never passes the hold, which is a bound of what the call can cost.
  domain::Usage estimate;
  estimate[Bucket::input] = std::min(prompt_estimate, ask.tokens);
  estimate[Bucket::output] =
      std::min(meter ? meter->estimated_output() : 0, ask.tokens - estimate[Bucket::input]);
  charge_usage(estimate, CostBasis::estimated, pricing, settlement);
  if (settlement.cost > ask.money) settlement.cost = ask.money;
}

}  // namespace nufi::gateway
