#include "lib/domain/reprice.hpp"

#include <doctest/doctest.h>

using namespace nufi::domain;

namespace {

Price price_of(Rate input) {
  Price price;
  price.id = "new";
  price.rates.own(Bucket::input) = input;
  price.rates.own(Bucket::output) = 0;
  return price;
}

LedgerRow row_with(CostBasis basis) {
  LedgerRow row;
  row.status = RowStatus::ok;
  row.usage[Bucket::input] = 1'000'000;
  row.cost = row.upstream_cost = Money::nanos(100);
  row.held = Money::nanos(120);
  row.basis = row.usage_basis = basis;
  row.price_id = "old";
  return row;
}

}  // namespace

TEST_CASE("reprice: a charge is made again of usage, service tier and multiplier of the row") {
  LedgerRow row = row_with(CostBasis::exact);
  row.multiplier = 1'500'000;
  row.tier = ServiceTier::priority;
  row.usage.images = 2;
  Price price = price_of(200);
  price.per_image = Money::nanos(10);
  Rates priority;
  priority.own(Bucket::input) = 400;
  price.service[static_cast<std::size_t>(ServiceTier::priority)] = priority;
  CHECK(charge_at(row, price) ==
        Charge{Money::nanos(630), Money::nanos(420), CostBasis::exact, "new"});
}

TEST_CASE("reprice: only what has ended and has a usage is charged anew") {
  CHECK(is_rechargeable(row_with(CostBasis::exact)));
  CHECK(is_rechargeable(row_with(CostBasis::estimated)));
  CHECK_FALSE(is_rechargeable(row_with(CostBasis::held)));
  LedgerRow running = row_with(CostBasis::exact);
  running.status = RowStatus::running;
  CHECK_FALSE(is_rechargeable(running));
  LedgerRow failed;
  failed.status = RowStatus::upstream_error;
  CHECK_FALSE(is_rechargeable(failed));
  LedgerRow free = row_with(CostBasis::exact);
  free.price_id = "";
  CHECK_FALSE(is_rechargeable(free));
}

TEST_CASE("reprice: a call whose price nobody knew gets one, as exact as its usage is") {
  LedgerRow row = row_with(CostBasis::exact);
  row.basis = CostBasis::none;
  row.price_id = "";
  row.cost = row.upstream_cost = Money::zero();
  REQUIRE(is_rechargeable(row));
  CHECK(charge_at(row, price_of(5)).basis == CostBasis::exact);
  CHECK(charge_at(row, price_of(5)).cost == Money::nanos(5));
  row.usage_basis = CostBasis::estimated;
  CHECK(charge_at(row, price_of(5)).basis == CostBasis::estimated);
}

TEST_CASE("reprice: an estimate that was cut to its hold stays so at the same price") {
  LedgerRow row = row_with(CostBasis::estimated);
  row.cost = row.held;
  Price same = price_of(500);
  same.id = "old";
  CHECK(charge_at(row, same) == charge_of(row));
  CHECK(charge_at(row, price_of(500)).cost == Money::nanos(500));
}
