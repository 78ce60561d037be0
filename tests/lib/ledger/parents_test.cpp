// The windows of a key count what its children spend, whatever happens to any of them.

#include "lib/ledger/engine.hpp"
#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace nufi::ledger {
namespace {

using domain::Metric;
using domain::Money;
using domain::Period;
using domain::Scope;
using namespace std::chrono_literals;

/// A child of `parent`, without limits of its own.
Payer child_of(const Payer& parent, const std::string& key) {
  Payer child = parent;
  child.key = key;
  child.key_limits = {};
  child.soft = false;
  child.parent = parent.key;
  child.parent_limits = parent.key_limits;
  child.parent_soft = parent.soft;
  return child;
}

void spend(House& house, const Payer& payer, std::int64_t nanos, std::int64_t tokens = 0) {
  const auto id = taken(start_hold(house.ledger(), ask(payer, nanos, tokens)).get());
  settle(house.ledger(), id, cost(nanos, tokens));
}

}  // namespace

TEST_CASE("parents: what a child spends and holds counts in its parent's windows and its own") {
  House house;
  const auto parent = key_with(100);
  const auto child = child_of(parent, "key_child");
  spend(house, child, 30, 7);
  const auto id = taken(start_hold(house.ledger(), ask(child, 20)).get());
  CHECK(house.window(key_window(parent)).spent == 30);
  CHECK(house.window(key_window(parent)).held == 20);
  CHECK(house.window(key_window(child)).spent == 30);
  CHECK(house.window(key_window(child)).held == 20);
  settle(house.ledger(), id, cost(5));
  CHECK(house.window(key_window(parent)).spent == 35);
  CHECK(house.window({Scope::key, parent.key, Metric::tokens, Period::month}).spent == 7);
  house.fold();
  CHECK(house.faults() == "");
  for (const auto& row : house.rows()) CHECK(row.parent.text() == parent.key);
}

TEST_CASE("parents: a refusal names the parent's window, which has no room") {
  House house;
  const auto parent = key_with(100);
  auto child = child_of(parent, "key_child");
  child.key_limits.budget = Money::nanos(1000);
  spend(house, parent, 90);
  const auto outcome = start_hold(house.ledger(), ask(child, 20)).get();
  const auto* refusal = std::get_if<domain::WindowRefusal>(&outcome);
  REQUIRE(refusal);
  CHECK(refusal->window == key_window(parent));
  CHECK(refusal->limit == 100);
}

TEST_CASE("parents: a soft parent is softened for its children, and a soft child is not its own") {
  House house;
  auto parent = key_with(100);
  parent.soft = true;
  const auto child = child_of(parent, "key_child");
  spend(house, child, 150);
  CHECK(std::holds_alternative<domain::WindowRefusal>(
      start_hold(house.ledger(), ask(child, 1)).get()));

  const auto strict = [] {
    auto made = key_with(100);
    made.key = "key_strict";
    return made;
  }();
  auto soft = child_of(strict, "key_soft");
  soft.soft = true;
  CHECK(std::holds_alternative<domain::WindowRefusal>(
      start_hold(house.ledger(), ask(soft, 101)).get()));
}

TEST_CASE("parents: many children at once never spend more than the parent may") {
  House house;
  const auto parent = key_with(200);
  std::atomic<int> served = 0;
  std::vector<std::jthread> callers;
  for (int i = 0; i < 5; ++i) {
    callers.emplace_back([&, i] {
      const auto child = child_of(parent, "key_" + std::to_string(i));
      for (int call = 0; call < 10; ++call) {
        auto pending = start_hold(house.ledger(), ask(child, 100));
        if (!pending.is_decided()) house.ledger().give_up(pending.ticket);
        const auto outcome = pending.get();
        const auto* held = std::get_if<Held>(&outcome);
        if (held == nullptr) continue;
        ++served;
        settle(house.ledger(), held->id, cost(100));
      }
    });
  }
  callers.clear();
  CHECK(served == 2);
  CHECK(house.window(key_window(parent)).spent == 200);
  house.fold();
  CHECK(house.faults() == "");
}

TEST_CASE("parents: after a crash holds of children cost what they held, for the parent as well") {
  auto house = std::make_unique<House>();
  house->be_still();
  const auto parent = key_with(1000);
  const auto child = child_of(parent, "key_child");
  spend(*house, child, 30);
  SUBCASE("from the journal") {
    taken(start_hold(house->ledger(), ask(child, 200)).get());
  }
  SUBCASE("from the database") {
    taken(start_hold(house->ledger(), ask(child, 200)).get());
    house->fold();
    house->be_still();
  }
  auto after = house->crash();
  CHECK(after->window(key_window(parent)).spent == 230);
  CHECK(after->window(key_window(parent)).held == 0);
  CHECK(after->window(key_window(child)).spent == 230);
  CHECK(after->faults() == "");
}

TEST_CASE("parents: another period, a reset and a correction know what children spent") {
  House house;
  auto parent = key_with(1000);
  auto child = child_of(parent, "key_child");
  spend(house, parent, 10);
  spend(house, child, 30);
  const auto open = taken(start_hold(house.ledger(), ask(child, 200)).get());

  parent.key_limits.budget_period = Period::day;
  house.ledger().start_window(key_window(parent));
  CHECK(house.window(key_window(parent)).spent == 40);
  CHECK(house.window(key_window(parent)).held == 200);
  CHECK(house.window(key_window(child)).held == 200);
  CHECK(house.window(key_window(child)).spent == 30);

  CHECK(house.ledger().reset_windows({key_window(parent)}, {}) == std::vector<std::int64_t>{40});
  CHECK(house.window(key_window(parent)).spent == 0);
  CHECK(house.window(key_window(child)).spent == 30);
  settle(house.ledger(), open, cost(50));
  CHECK(house.window(key_window(parent)).spent == 50);
  house.ledger().sync();
  CHECK(house.faults() == "");

  // What was forgiven stays so in another period; the call that ran then counts.
  parent.key_limits.budget_period = Period::week;
  house.ledger().start_window(key_window(parent));
  CHECK(house.window(key_window(parent)).spent == 50);

  store::Correction dearer;
  dearer.id = open;
  dearer.was = Money::nanos(50);
  dearer.cost = dearer.upstream_cost = Money::nanos(80);
  dearer.basis = domain::CostBasis::exact;
  CHECK(house.ledger().correct({dearer}, nullptr) == 1);
  CHECK(house.window(key_window(parent)).spent == 80);
  CHECK(house.window(key_window(child)).spent == 110);
  CHECK(house.faults() == "");
  house.reopen();
  CHECK(house.window(key_window(parent)).spent == 80);
}

TEST_CASE("parents: verify still knows whose child a key was when its rows are gone by age") {
  House house;
  auto parent = key_with(1000, Period::total);
  const auto child = child_of(parent, "key_child");
  spend(house, child, 30);
  house.clock.advance(std::chrono::hours(48));
  spend(house, parent, 1);
  house.ledger().sync();
  const auto before = house.clock.now() - std::chrono::hours(24);
  while (house.store().ledger().retire(before - before.time_since_epoch() % 15min, 1ms).more) {
  }
  CHECK(house.rows().size() == 1);
  CHECK(house.faults() == "");
  parent.key_limits.budget_period = Period::month;
  house.ledger().start_window(key_window(parent));
  CHECK(house.window(key_window(parent)).spent == 31);
}

}  // namespace nufi::ledger
