#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

#include <thread>

namespace nufi::ledger {

TEST_CASE("ledger: threads that hold and settle at once never pass the limit and use all room") {
  House house;
  constexpr std::int64_t kAsk = 10;
  constexpr std::int64_t kLimit = 20 * kAsk;
  const auto payer = key_with(kLimit);
  std::atomic<int> held = 0;
  std::atomic<int> refused = 0;
  std::atomic<bool> above = false;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int call = 0; call < 25; ++call) {
          auto pending = start_hold(house.ledger(), ask(payer, kAsk));
          if (!pending.is_decided()) house.ledger().give_up(pending.ticket);
          auto outcome = pending.get();
          const auto state = house.window(key_window(payer));
          if (state.spent + state.held > kLimit) above = true;
          if (const auto* taken = std::get_if<Held>(&outcome)) {
            ++held;
            settle(house.ledger(), taken->id, cost(kAsk));
          } else {
            ++refused;
          }
        }
      });
    }
  }
  CHECK_FALSE(above);
  CHECK(held == 20);
  CHECK(refused == 180);
  CHECK(house.window(key_window(payer)).spent == kLimit);
  CHECK(house.faults().empty());
}

TEST_CASE("ledger: threads that wait in turn are all served") {
  House house(store::Durability::power);
  constexpr std::int64_t kAsk = 10;
  Payer payer = key_with(2 * kAsk);
  std::atomic<int> held = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int call = 0; call < 25; ++call) {
          auto outcome = start_hold(house.ledger(), ask(payer, kAsk)).get();
          if (const auto* taken = std::get_if<Held>(&outcome)) {
            ++held;
            settle(house.ledger(), taken->id, cost(0));
          }
        }
      });
    }
  }
  CHECK(held == 200);
  CHECK(house.window(key_window(payer)).held == 0);
  CHECK(house.faults().empty());
}

}  // namespace nufi::ledger
