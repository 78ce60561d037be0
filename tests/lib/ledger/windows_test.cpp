// Cycles that turn, limits and periods that change, and windows that are forgiven.

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

namespace nufi::ledger {
namespace {

using domain::Metric;
using domain::Period;
using domain::Scope;
using namespace std::chrono_literals;

store::AuditEntry note_of(const std::string& action) {
  store::AuditEntry entry;
  entry.actor = "acct_a";
  entry.action = action;
  entry.subject = "key_a";
  return entry;
}

std::size_t audited(House& house) {
  return house.store().audit().newest(100).size();
}

void spend(House& house, const Payer& payer, std::int64_t nanos) {
  settle(house.ledger(), house.hold(ask(payer, nanos)), cost(nanos));
}

}  // namespace

TEST_CASE("windows: each period starts anew at its boundary, and not before") {
  struct Turn {
    Period period;
    const char* last;
    const char* first;
  };
  // 2026-08-20 is a Thursday.
  for (const Turn& turn :
       {Turn{Period::minute, "2026-08-20T12:00:59.999Z", "2026-08-20T12:01:00Z"},
        Turn{Period::hour, "2026-08-20T12:59:59.999Z", "2026-08-20T13:00:00Z"},
        Turn{Period::day, "2026-08-20T23:59:59.999Z", "2026-08-21T00:00:00Z"},
        Turn{Period::week, "2026-08-23T23:59:59.999Z", "2026-08-24T00:00:00Z"},
        Turn{Period::month, "2026-08-31T23:59:59.999Z", "2026-09-01T00:00:00Z"},
        Turn{Period::total, "2036-08-31T23:59:59.999Z", "2099-01-01T00:00:00Z"}}) {
    const auto [period, last, first] = turn;
    CAPTURE(domain::period_name(turn.period));
    House house;
    const auto payer = key_with(100, period);
    spend(house, payer, 60);
    house.clock.advance(*parse_rfc3339(last) - house.clock.now());
    CHECK(house.window(key_window(payer)).spent == 60);
    CHECK_FALSE(std::holds_alternative<Held>(start_hold(house.ledger(), ask(payer, 60)).get()));
    house.clock.advance(*parse_rfc3339(first) - house.clock.now());
    const bool is_new = period != Period::total;
    CHECK(house.window(key_window(payer)).spent == (is_new ? 0 : 60));
    CHECK(std::holds_alternative<Held>(start_hold(house.ledger(), ask(payer, 60)).get()) == is_new);
    CHECK(house.faults().empty());
  }
}

TEST_CASE("windows: a lower limit keeps what is spent, a higher one gives only what is left") {
  House house;
  auto payer = key_with(100);
  spend(house, payer, 80);
  payer.key_limits.budget = domain::Money::nanos(50);
  CHECK_FALSE(std::holds_alternative<Held>(start_hold(house.ledger(), ask(payer, 1)).get()));
  CHECK(start_hold(house.ledger(), ask(payer, 0)).is_decided());
  payer.key_limits.budget = domain::Money::nanos(90);
  CHECK_FALSE(std::holds_alternative<Held>(start_hold(house.ledger(), ask(payer, 11)).get()));
  CHECK(std::holds_alternative<Held>(start_hold(house.ledger(), ask(payer, 10)).get()));
}

TEST_CASE(
    "windows: forgiving gives the spent room back, keeps rows, holds and sums, and is noted") {
  House house;
  const auto payer = key_with(100);
  spend(house, payer, 70);
  const auto open = house.hold(ask(payer, 30));
  auto waiting = start_hold(house.ledger(), ask(payer, 20));
  CHECK_FALSE(waiting.is_decided());

  const auto forgiven =
      house.ledger().reset_windows({key_window(payer)}, note_of("key.reset_spend"));

  CHECK(forgiven == std::vector<std::int64_t>{70});
  CHECK(audited(house) == 1);
  const auto second = taken(waiting.get());
  CHECK(house.window(key_window(payer)).spent == 0);
  CHECK(house.window(key_window(payer)).held == 50);
  settle(house.ledger(), open, cost(25));
  settle(house.ledger(), second, cost(5));
  CHECK(house.window(key_window(payer)).spent == 30);
  CHECK(house.rows().size() == 3);
  CHECK(house.faults().empty());
  const auto account = window_of(Scope::account, "acct_a", Metric::usd, Period::month);
  CHECK(house.window(account).spent == 100);

  auto after = house.crash();
  CHECK(after->window(key_window(payer)).spent == 30);
  CHECK(after->faults().empty());
}

TEST_CASE("windows: what was forgiven stays so under another period, and back under the first") {
  House house;
  auto payer = key_with(100);
  spend(house, payer, 30);
  house.clock.advance(1h);
  spend(house, payer, 40);
  const auto open = house.hold(ask(payer, 10));
  house.ledger().reset_windows({key_window(payer)}, note_of("key.reset_spend"));
  settle(house.ledger(), open, cost(5));
  spend(house, payer, 2);
  for (const auto period : {Period::day, Period::minute, Period::total, Period::month}) {
    CAPTURE(domain::period_name(period));
    payer.key_limits.budget_period = period;
    house.ledger().start_window(key_window(payer));
    CHECK(house.window(key_window(payer)).spent == 7);
    CHECK(house.faults().empty());
    house.reopen();
    CHECK(house.window(key_window(payer)).spent == 7);
    CHECK(house.faults().empty());
  }
}

TEST_CASE("windows: what can't be written is not forgiven, not even for a moment") {
  House house;
  const auto payer = key_with(100);
  spend(house, payer, 70);
  house.valve().fail(true);
  CHECK_THROWS_AS(house.ledger().reset_windows({key_window(payer)}, note_of("key.reset_spend")),
                  Error);
  CHECK(house.window(key_window(payer)).spent == 70);
  house.valve().fail(false);
  house.ledger().sync();
  CHECK(house.window(key_window(payer)).spent == 70);
  CHECK(audited(house) == 0);
  CHECK(house.faults().empty());
}

TEST_CASE("windows: forgiving twice, and what was never used, forgives nothing more") {
  House house;
  const auto payer = key_with(100);
  CHECK(house.ledger().reset_windows({key_window(payer)}, note_of("a")).at(0) == 0);
  spend(house, payer, 70);
  CHECK(house.ledger().reset_windows({key_window(payer)}, note_of("b")).at(0) == 70);
  CHECK(house.ledger().reset_windows({key_window(payer)}, note_of("c")).at(0) == 0);
  spend(house, payer, 20);
  CHECK(house.ledger().reset_windows({key_window(payer)}, note_of("d")).at(0) == 20);
  CHECK(audited(house) == 4);
  house.clock.advance(40 * 24h);
  CHECK(house.ledger().reset_windows({key_window(payer)}, note_of("e")).at(0) == 0);
  CHECK(house.faults().empty());
}

TEST_CASE("windows: a clock that is set back or forward loses no spending and orders no id anew") {
  House house;
  const auto payer = key_with(100, Period::day);
  spend(house, payer, 40);
  auto jump = std::chrono::hours(0);
  SUBCASE("back by a week") {
    jump = -7 * 24h;
  }
  SUBCASE("forward by three days, and back again") {
    house.clock.shift(3 * 24h);
    spend(house, payer, 40);
    jump = -3 * 24h;
  }
  for (const bool restarts : {false, true}) {
    CAPTURE(restarts);
    house.clock.shift(restarts ? 0h : jump);
    if (restarts) house.reopen();
    const auto before = house.rows().back();
    CHECK_FALSE(std::holds_alternative<Held>(start_hold(house.ledger(), ask(payer, 61)).get()));
    spend(house, payer, 1);
    const auto after = house.rows().back();
    CHECK(before.id < after.id);
    CHECK(before.time <= after.time);
    CHECK(house.faults().empty());
  }
}

TEST_CASE(
    "windows: a window that was started counts from then on, also when the clock is set back") {
  House house;
  auto payer = key_with(100, Period::day);
  spend(house, payer, 10);
  house.clock.shift(5h);
  payer.key_limits.budget_period = Period::hour;
  house.ledger().start_window(key_window(payer));
  house.clock.shift(-5h);
  spend(house, payer, 30);
  CHECK(house.window(key_window(payer)).spent == 30);
  CHECK(house.faults().empty());
}

TEST_CASE("windows: open rows that no call stands behind are found, and so is a damaged journal") {
  House house;
  const auto payer = key_with(100);
  const auto open = house.hold(ask(payer, 10));
  CHECK(house.ledger().verify().faults.empty());
  auto row = house.rows().back();
  REQUIRE(row.id == open);
  row.id.value += 1;
  store::LedgerBatch planted;
  planted.rows = {row};
  house.store().ledger().apply(planted);
  const auto report = house.ledger().verify();
  REQUIRE(report.faults.size() == 1);
  CHECK(report.faults[0].what.find("is open, but no such call is in flight") != std::string::npos);
}

}  // namespace nufi::ledger
