// The invariants of lib/ledger/ledger.hpp, one by one.

#include "lib/ledger/ledger.hpp"

#include "lib/base/error.hpp"
#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

namespace nufi::ledger {

using domain::Metric;
using domain::Period;
using domain::Scope;
using domain::WindowRefusal;
using namespace std::chrono_literals;

TEST_CASE("ledger: a hold takes its ask, a settlement gives it back and charges the cost") {
  House house;
  const auto payer = key_with(100);
  const auto id = house.hold(ask(payer, 60, 7));
  CHECK(house.window(key_window(payer)).held == 60);
  CHECK(house.window(key_window(payer)).in_flight == 1);
  CHECK(house.ledger().held().calls == 1);
  CHECK(house.ledger().held().money == domain::Money::nanos(60));

  settle(house.ledger(), id, cost(25, 5));

  const auto after = house.window(key_window(payer));
  CHECK(after.held == 0);
  CHECK(after.in_flight == 0);
  CHECK(after.spent == 25);
  const auto rows = house.rows();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].id == id);
  CHECK(rows[0].cost == domain::Money::nanos(25));
  CHECK(rows[0].held == domain::Money::nanos(60));
  CHECK(rows[0].held_tokens == 7);
  CHECK_FALSE(rows[0].bound_broken);
  CHECK(house.faults().empty());
}

TEST_CASE("ledger: a call that cost more than it held is recorded in full and marked") {
  House house;
  const auto payer = key_with(100);
  settle(house.ledger(), house.hold(ask(payer, 60)), cost(110));
  CHECK(house.window(key_window(payer)).spent == 110);
  CHECK(house.rows()[0].bound_broken);
  CHECK(house.faults().empty());
}

TEST_CASE("ledger: a call takes all of its windows or none") {
  House house;
  auto payer = key_with(100);
  payer.account_limits.token_limit = 10;
  auto outcome = start_hold(house.ledger(), ask(payer, 50, 11)).get();
  REQUIRE(std::holds_alternative<WindowRefusal>(outcome));
  const auto& refusal = std::get<WindowRefusal>(outcome);
  CHECK(refusal.window == window_of(Scope::account, "acct_a", Metric::tokens, Period::month));
  CHECK(refusal.limit == 10);
  CHECK(refusal.ask == 11);
  CHECK(house.window(key_window(payer)).held == 0);
  CHECK(house.rows().empty());
}

TEST_CASE("ledger: a call is settled exactly once") {
  House house;
  const auto id = house.hold(ask(key_with(100), 60));
  settle(house.ledger(), id, cost(25));
  CHECK_THROWS_AS(house.ledger().settle(id, cost(25), {}), Error);
  CHECK(house.window(key_window(key_with(100))).spent == 25);
}

TEST_CASE("ledger: no call is refused while it would fit after others have settled") {
  House house;
  const auto payer = key_with(100);
  const auto first = house.hold(ask(payer, 60));
  auto second = start_hold(house.ledger(), ask(payer, 60));
  CHECK_FALSE(second.is_decided());
  settle(house.ledger(), first, cost(40));
  CHECK(house.window(key_window(payer)).held == 60);
  taken(second.get());
}

TEST_CASE("ledger: waiting calls are served in turn, and nobody passes them") {
  House house;
  const auto payer = key_with(100);
  const auto first = house.hold(ask(payer, 60));
  auto large = start_hold(house.ledger(), ask(payer, 90));
  auto small = start_hold(house.ledger(), ask(payer, 10));
  auto other = start_hold(house.ledger(),
                          ask(
                              [] {
                                auto mine = key_with(100);
                                mine.key = "key_b";
                                return mine;
                              }(),
                              100));
  CHECK_FALSE(large.is_decided());
  CHECK_FALSE(small.is_decided());
  CHECK(other.is_decided());
  settle(house.ledger(), first, cost(0));
  CHECK(large.is_decided());
  CHECK(small.is_decided());
  CHECK(house.window(key_window(payer)).held == 100);
}

TEST_CASE("ledger: who gives up gets an honest refusal, and lets those behind pass") {
  House house;
  const auto payer = key_with(100);
  house.hold(ask(payer, 60));
  auto large = start_hold(house.ledger(), ask(payer, 90));
  auto small = start_hold(house.ledger(), ask(payer, 10));

  house.ledger().give_up(large.ticket);

  auto outcome = large.get();
  REQUIRE(std::holds_alternative<WindowRefusal>(outcome));
  const auto& refusal = std::get<WindowRefusal>(outcome);
  CHECK(refusal.window == key_window(payer));
  CHECK(refusal.state.spent == 0);
  CHECK(refusal.state.held == 60);
  CHECK(refusal.state.in_flight == 1);
  CHECK(refusal.limit == 100);
  CHECK(refusal.ask == 90);
  taken(small.get());
  house.ledger().give_up(large.ticket);
  house.ledger().give_up(small.ticket);
}

TEST_CASE("ledger: who gives up behind others is told of their window") {
  House house;
  const auto payer = key_with(100);
  house.hold(ask(payer, 60));
  auto large = start_hold(house.ledger(), ask(payer, 90));
  auto small = start_hold(house.ledger(), ask(payer, 10));
  house.ledger().give_up(small.ticket);
  auto outcome = small.get();
  REQUIRE(std::holds_alternative<WindowRefusal>(outcome));
  CHECK(std::get<WindowRefusal>(outcome).window == key_window(payer));
  CHECK(std::get<WindowRefusal>(outcome).ask == 10);
  CHECK_FALSE(large.is_decided());
}

TEST_CASE("ledger: a call that waits fits when its window turns") {
  House house;
  const auto payer = key_with(100, Period::minute);
  house.hold(ask(payer, 60));
  auto waiting = start_hold(house.ledger(), ask(payer, 90));
  CHECK_FALSE(waiting.is_decided());
  house.clock.advance(1min);

  SUBCASE("it is not refused when its patience ends") {
    house.ledger().give_up(waiting.ticket);
  }
  SUBCASE("a newcomer does not pass it") {
    auto newcomer = start_hold(house.ledger(), ask(payer, 20));
    CHECK_FALSE(newcomer.is_decided());
  }
  CHECK(waiting.is_decided());
  taken(waiting.get());
  CHECK(house.window(key_window(payer)).held == 90);
}

TEST_CASE("ledger: a call is settled in the cycle it was held in") {
  House house;
  const auto payer = key_with(100, Period::day);
  const auto id = house.hold(ask(payer, 60));
  house.clock.advance(24h);
  CHECK(house.window(key_window(payer)).held == 0);
  house.hold(ask(payer, 100));

  settle(house.ledger(), id, cost(50));

  CHECK(house.window(key_window(payer)).spent == 0);
  CHECK(house.window(key_window(payer)).held == 100);
  CHECK(house.faults().empty());
}

TEST_CASE("ledger: a clock that is set back changes no cycle, also after a refusal or a restart") {
  House house;
  const auto payer = key_with(100, Period::minute);
  house.clock.advance(10min);
  start_hold(house.ledger(), ask(payer, 101)).get();
  SUBCASE("while it runs") {}
  SUBCASE("over a restart") {
    house.ledger().sync();
    house.clock.advance(-10min);
    house.reopen();
    house.clock.advance(10min);
  }
  house.clock.advance(-10min);
  settle(house.ledger(), house.hold(ask(payer, 60)), cost(60));
  CHECK(house.window(key_window(payer)).spent == 60);
  CHECK(house.faults().empty());
}

TEST_CASE("ledger: a new period counts what was spent since its cycle began, and calls in flight") {
  House house;
  auto payer = key_with(1000, Period::day);
  settle(house.ledger(), house.hold(ask(payer, 60)), cost(50));
  const auto open = house.hold(ask(payer, 30));
  house.clock.advance(24h);
  settle(house.ledger(), house.hold(ask(payer, 60)), cost(7));
  payer.key_limits.budget_period = Period::month;

  house.ledger().start_window(key_window(payer));

  CHECK(house.window(key_window(payer)).spent == 57);
  CHECK(house.window(key_window(payer)).held == 30);
  settle(house.ledger(), open, cost(20));
  CHECK(house.window(key_window(payer)).spent == 77);
  CHECK(house.window(key_window(payer)).held == 0);
  CHECK(house.faults().empty());
}

TEST_CASE("ledger: a period that comes back counts calls that never stopped running") {
  House house;
  auto payer = key_with(1000, Period::month);
  const auto open = house.hold(ask(payer, 30));
  house.clock.advance(24h);
  for (const auto period : {Period::day, Period::month}) {
    payer.key_limits.budget_period = period;
    house.ledger().start_window(key_window(payer));
  }
  settle(house.ledger(), open, cost(20));
  CHECK(house.window(key_window(payer)).spent == 20);
  CHECK(house.faults().empty());
}

TEST_CASE("ledger: refusals are counted in the reports and hurt no proof") {
  House house;
  house.ledger().count_refusal(ask(Payer{}, 1).row);
  house.ledger().count_refusal(ask(Payer{}, 1).row);
  CHECK(house.faults().empty());
  CHECK(house.rows().empty());
}

TEST_CASE("ledger: reopening changes nothing") {
  House house;
  const auto payer = key_with(100);
  const auto id = house.hold(ask(payer, 60, 9));
  settle(house.ledger(), id, cost(25, 8));
  const auto before = house.window(key_window(payer));
  house.reopen();
  CHECK(house.window(key_window(payer)) == before);
  CHECK(house.rows().size() == 1);
  CHECK(house.hold(ask(payer, 1)) > id);
}

TEST_CASE("ledger: a soft key spends past its limit once and holds nothing in its windows") {
  House house;
  auto payer = key_with(100);
  payer.soft = true;
  payer.account_limits.budget = domain::Money::nanos(1000);
  const auto id = house.hold(ask(payer, 300));
  CHECK(house.window(key_window(payer)).held == 0);
  CHECK(house.window(window_of(Scope::account, "acct_a", Metric::usd, Period::month)).held == 300);
  settle(house.ledger(), id, cost(250));
  CHECK(house.window(key_window(payer)).spent == 250);
  CHECK(std::holds_alternative<WindowRefusal>(start_hold(house.ledger(), ask(payer, 1)).get()));
  CHECK(house.faults().empty());
}

}  // namespace nufi::ledger
