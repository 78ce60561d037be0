#include "lib/store/ledger_store.hpp"

namespace nufi::store {

RollupSums& RollupSums::operator+=(const RollupSums& other) {
  requests += other.requests;
  errors += other.errors;
  refused += other.refused;
  cost += other.cost;
  upstream_cost += other.upstream_cost;
  for (auto bucket : domain::kBuckets) usage[bucket] += other.usage[bucket];
  return *this;
}

}  // namespace nufi::store
