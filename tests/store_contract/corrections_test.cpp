#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {
namespace {

using namespace examples;
using domain::Money;

Correction correction_of(const domain::LedgerRow& row, std::int64_t nanos) {
  return {row.id,
          row.cost,
          Money::nanos(nanos),
          Money::nanos(nanos - 1),
          domain::CostBasis::estimated,
          "set/gpt-4o@2026-08-02"};
}

}  // namespace

TEST_CASE("corrections: rows, rollups and windows change together, and verify finds no fault") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  const auto laptop = key("key_1", "laptop");
  const auto first = row(laptop, 0, 100);
  const auto second = row(laptop, 20, 50);
  store.ledger().apply(batch_of({first, second}));
  const auto entry = audit("ledger.reprice");

  const auto corrected = store.ledger().correct({correction_of(first, 130)}, &entry);

  CHECK(corrected.rows == 1);
  // Its key, project and account, each in the minute, the month and all time.
  CHECK(corrected.windows.size() == 9);
  for (const auto& change : corrected.windows) CHECK(change.change == 30);
  const auto rows = store.reports().requests({});
  REQUIRE(rows.size() == 2);
  CHECK(rows[1].cost == Money::nanos(130));
  CHECK(rows[1].upstream_cost == Money::nanos(129));
  CHECK(rows[1].basis == domain::CostBasis::estimated);
  CHECK(rows[1].price_id == "set/gpt-4o@2026-08-02");
  CHECK(rows[0].cost == Money::nanos(50));
  CHECK(store.audit().newest(1).at(0).action == "ledger.reprice");
  CHECK(store.ledger().verify().faults.empty());
}

TEST_CASE("corrections: a row that is gone, still runs or costs something else is left alone") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  const auto done = row(key("key_1", "laptop"), 0, 100);
  auto running = row(key("key_1", "laptop"), 1, 7);
  running.status = domain::RowStatus::running;
  store.ledger().apply(batch_of({done, running}));
  auto outdated = correction_of(done, 130);
  outdated.was = Money::nanos(99);
  auto gone = correction_of(done, 130);
  gone.id.value += 1'000;

  const auto corrected =
      store.ledger().correct({outdated, gone, correction_of(running, 5)}, nullptr);

  CHECK(corrected.rows == 0);
  CHECK(corrected.windows.empty());
  CHECK(store.ledger().verify().faults.empty());
}

}  // namespace nufi::store
