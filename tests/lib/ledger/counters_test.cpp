#include "lib/ledger/counters.hpp"

#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace nufi::ledger {
namespace {

using domain::Period;
using namespace std::chrono_literals;

constexpr Timestamp kNoon{1'787'227'200'000ms};  // 2026-08-20T12:00:00Z

/// The counters of a request, all with the same amounts.
std::vector<CounterPtr> counters_of(const HoldRequest& request,
                                    std::int64_t spent,
                                    std::int64_t held) {
  std::vector<CounterPtr> counters;
  for (const auto& constraint : request.constraints) {
    counters.push_back(std::make_shared<Counter>());
    counters.back()->id = constraint.window;
    counters.back()->spent = spent;
    counters.back()->held = held;
  }
  return counters;
}

}  // namespace

TEST_CASE("counters: an ask that leaves nothing over fits") {
  const auto request = ask(key_with(100), 50);
  CHECK(fit(request, counters_of(request, 30, 20)).kind == Fit::Kind::fits);
}

TEST_CASE("counters: an ask waits for room that calls in flight hold") {
  const auto request = ask(key_with(100), 50);
  const auto result = fit(request, counters_of(request, 30, 21));
  CHECK(result.kind == Fit::Kind::wait);
  REQUIRE(result.refusal);
  CHECK(result.refusal->state.held == 21);
  CHECK(result.refusal->ask == 50);
}

TEST_CASE("counters: an ask above what is not spent can never fit") {
  const auto request = ask(key_with(100), 50);
  CHECK(fit(request, counters_of(request, 51, 0)).kind == Fit::Kind::never);
}

TEST_CASE("counters: a refusal names the window that can never serve it before one that may") {
  auto payer = key_with(100);
  payer.account_limits.budget = domain::Money::nanos(40);
  const auto request = ask(payer, 50);
  const auto counters = counters_of(request, 0, 0);
  counters[0]->held = 1000;
  const auto result = fit(request, counters);
  CHECK(result.kind == Fit::Kind::never);
  REQUIRE(result.refusal);
  CHECK(result.refusal->window.scope == domain::Scope::account);
  CHECK(result.refusal->limit == 40);
  CHECK(result.binding == counters[4]);
}

TEST_CASE("counters: an unlimited window refuses nothing") {
  const auto request = ask(Payer{}, 50, 50);
  CHECK(fit(request, counters_of(request, INT64_MAX - 1, INT64_MAX - 1)).kind == Fit::Kind::fits);
}

TEST_CASE("counters: soft asks only that the key's own windows are not empty") {
  auto payer = key_with(100);
  payer.soft = true;
  const auto request = ask(payer, 5000);
  CHECK(fit(request, counters_of(request, 99, 0)).kind == Fit::Kind::fits);
  CHECK(fit(request, counters_of(request, 100, 0)).kind == Fit::Kind::never);
}

TEST_CASE("counters: soft does not soften project and account") {
  auto payer = key_with(100);
  payer.soft = true;
  payer.project_limits.budget = domain::Money::nanos(1000);
  const auto request = ask(payer, 5000);
  const auto result = fit(request, counters_of(request, 0, 0));
  CHECK(result.kind == Fit::Kind::never);
  CHECK(result.refusal->window.scope == domain::Scope::project);
}

TEST_CASE("counters: a call without a cap asks for a quarter of the least room") {
  Payer payer;
  payer.key_limits.token_limit = 100'000;
  payer.project_limits.token_limit = 40'000;
  auto request = ask(payer, 0, 1000);
  request.ceiling.may_clamp = true;
  request.ceiling.output_tokens = 64'000;
  const auto result = fit(request, counters_of(request, 0, 0));
  CHECK(result.kind == Fit::Kind::fits);
  CHECK(result.ask.tokens == 10'000);
  CHECK(result.ask.clamped_output == 9'000);
}

TEST_CASE("counters: a window turns when its cycle has ended") {
  Counters counters{TimeZone()};
  const auto id = key_window(key_with(1, Period::minute));
  auto first = counters.at(id, kNoon);
  first->spent = 7;
  first->waiting = 2;
  CHECK(counters.at(id, kNoon + 59s) == first);
  CHECK_FALSE(counters.take_turned());
  CHECK(counters.peek(id, kNoon + 60s).spent == 0);

  const auto second = counters.at(id, kNoon + 60s);

  CHECK(second != first);
  CHECK(second->spent == 0);
  CHECK(second->waiting == 2);
  CHECK(counters.take_turned());
  CHECK_FALSE(counters.take_turned());
}

TEST_CASE("counters: a clock that is set back reopens no cycle") {
  Counters counters{TimeZone()};
  const auto id = key_window(key_with(1, Period::minute));
  const auto now = counters.at(id, kNoon);
  now->spent = 7;
  CHECK(counters.at(id, kNoon - 10min) == now);
  CHECK(counters.peek(id, kNoon - 10min).spent == 7);
}

TEST_CASE("counters: what is collected is clean until it is restored") {
  Counters counters{TimeZone()};
  const auto counter = counters.at(key_window(key_with(1)), kNoon);
  counter->spent = 5;
  counter->stored = 3;
  store::LedgerBatch batch;
  const auto dirty = counters.dirty();
  counters.collect(batch);
  REQUIRE(batch.windows.size() == 1);
  CHECK(batch.windows[0].spent == 3);
  CHECK(counters.dirty().empty());
  counters.touch(counter);
  counters.restore(dirty);
  CHECK(counters.dirty().size() == 1);
}

}  // namespace nufi::ledger
