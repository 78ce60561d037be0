// Corrections change rows, rollups and windows together, and leave calls in flight alone.

#include "lib/base/error.hpp"
#include "lib/ledger/ledger.hpp"
#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

namespace nufi::ledger {

using domain::Money;
using domain::Period;
using namespace std::chrono_literals;

namespace {

store::Correction correction_of(const domain::LedgerRow& row, std::int64_t nanos) {
  return {row.id,
          row.cost,
          Money::nanos(nanos),
          Money::nanos(nanos / 2),
          domain::CostBasis::exact,
          "new-price"};
}

domain::RequestId call(House& house, const Payer& payer, std::int64_t nanos) {
  const auto id = house.hold(ask(payer, nanos));
  settle(house.ledger(), id, cost(nanos));
  return id;
}

}  // namespace

TEST_CASE("correct: row, rollup and windows follow, also after a restart") {
  House house;
  const auto payer = key_with(100);
  call(house, payer, 10);
  call(house, payer, 20);

  CHECK(house.ledger().correct({correction_of(house.rows()[0], 35)}, nullptr) == 1);

  CHECK(house.window(key_window(payer)).spent == 55);
  CHECK(house.rows()[0].cost == Money::nanos(35));
  CHECK(house.rows()[0].upstream_cost == Money::nanos(17));
  CHECK(house.rows()[0].price_id == "new-price");
  CHECK(house.faults().empty());
  house.reopen();
  CHECK(house.window(key_window(payer)).spent == 55);
  CHECK(house.crash()->window(key_window(payer)).spent == 55);
}

TEST_CASE("correct: a call in flight settles on top of it, and what is dearer takes room") {
  House house;
  const auto payer = key_with(100);
  call(house, payer, 10);
  const auto open = house.hold(ask(payer, 40));

  house.ledger().correct({correction_of(house.rows()[0], 70)}, nullptr);

  CHECK(house.window(key_window(payer)).spent == 70);
  CHECK(house.window(key_window(payer)).held == 40);
  auto refused = start_hold(house.ledger(), ask(payer, 31)).get();
  CHECK(std::holds_alternative<domain::WindowRefusal>(refused));
  settle(house.ledger(), open, cost(15));
  CHECK(house.window(key_window(payer)).spent == 85);
  CHECK(house.faults().empty());
}

TEST_CASE("correct: a call of a cycle that is over changes that cycle, not the one that runs") {
  House house;
  const auto payer = key_with(100, Period::day);
  call(house, payer, 10);
  const auto late = house.hold(ask(payer, 5));  // settles in the cycle it began in
  house.clock.advance(24h);
  call(house, payer, 20);

  house.ledger().correct({correction_of(house.rows()[0], 60)}, nullptr);
  settle(house.ledger(), late, cost(5));

  CHECK(house.window(key_window(payer)).spent == 20);
  CHECK(house.faults().empty());
  house.reopen();
  CHECK(house.faults().empty());
}

TEST_CASE("correct: a row that has another charge by now is left alone") {
  House house;
  const auto payer = key_with(100);
  call(house, payer, 10);
  const auto correction = correction_of(house.rows()[0], 35);
  CHECK(house.ledger().correct({correction}, nullptr) == 1);
  CHECK(house.ledger().correct({correction}, nullptr) == 0);
  CHECK(house.window(key_window(payer)).spent == 35);
  CHECK(house.faults().empty());
}

TEST_CASE("correct: cheaper calls let one in that waits") {
  House house;
  const auto payer = key_with(100);
  call(house, payer, 50);
  const auto open = house.hold(ask(payer, 30));
  auto waiting = start_hold(house.ledger(), ask(payer, 40));
  CHECK_FALSE(waiting.is_decided());
  house.ledger().correct({correction_of(house.rows()[0], 5)}, nullptr);
  settle(house.ledger(), taken(waiting.get()), cost(0));
  settle(house.ledger(), open, cost(0));
  CHECK(house.faults().empty());
}

TEST_CASE("correct: what was forgiven stays forgiven, cheaper or dearer") {
  std::int64_t nanos = 10;
  SUBCASE("cheaper") {}
  SUBCASE("dearer") {
    nanos = 90;
  }
  House house;
  const auto payer = key_with(100);
  call(house, payer, 50);
  const auto open = house.hold(ask(payer, 30));
  house.ledger().reset_windows({key_window(payer)}, {});
  call(house, payer, 7);
  settle(house.ledger(), open, cost(20));
  CHECK(house.window(key_window(payer)).spent == 27);

  // The first was forgiven; the one that was in flight then was not.
  const auto rows = house.rows();
  house.ledger().correct({correction_of(rows[0], nanos), correction_of(rows[1], 25)}, nullptr);

  CHECK(house.window(key_window(payer)).spent == 32);
  CHECK(house.faults().empty());
  house.reopen();
  CHECK(house.window(key_window(payer)).spent == 32);
  CHECK(house.faults().empty());
}

TEST_CASE("correct: nothing changes while the ledger can't be written") {
  House house;
  const auto payer = key_with(100);
  call(house, payer, 10);
  const auto correction = correction_of(house.rows()[0], 35);
  house.valve().fail(true);
  CHECK_THROWS_AS(house.ledger().correct({correction}, nullptr), Error);
  CHECK(house.window(key_window(payer)).spent == 10);
  house.valve().fail(false);
  CHECK(house.ledger().correct({correction}, nullptr) == 1);
  CHECK(house.window(key_window(payer)).spent == 35);
}

}  // namespace nufi::ledger
