#include "lib/domain/reprice.hpp"

namespace nufi::domain {

Charge charge_of(const LedgerRow& row) {
  return {row.cost, row.upstream_cost, row.basis, row.price_id};
}

bool is_rechargeable(const LedgerRow& row) {
  if (row.status == RowStatus::running) return false;
  switch (row.usage_basis) {
    case CostBasis::held:
    case CostBasis::none:
      return false;
    case CostBasis::exact:
    case CostBasis::estimated:
      break;
  }
  // A call that is known to cost something, or nothing, without a price went to a free upstream.
  return row.basis == CostBasis::none || !row.price_id.empty();
}

Charge charge_at(const LedgerRow& row, const Price& price) {
  Charge charge;
  charge.cost = cost_of(row.usage, price, row.tier, row.multiplier);
  charge.upstream_cost = cost_of(row.usage, price, row.tier, kMultiplierOne);
  charge.basis = row.usage_basis;
  charge.price_id = price.id;
  // An estimate never costs more than was held for it, at the price it was held at.
  const bool is_capped = row.usage_basis == CostBasis::estimated && row.price_id == price.id;
  return is_capped && charge.cost > row.held ? charge_of(row) : charge;
}

RepriceSums& RepriceSums::operator+=(const RepriceSums& other) {
  rows += other.rows;
  changed += other.changed;
  kept += other.kept;
  old_cost += other.old_cost;
  new_cost += other.new_cost;
  return *this;
}

void RepriceReport::go_on_with(const RepriceReport& later) {
  to = later.to;
  totals += later.totals;
  for (const auto& [model, sums] : later.models) models[model] += sums;
  next = later.next;
}

}  // namespace nufi::domain
