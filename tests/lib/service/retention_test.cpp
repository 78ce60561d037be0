#include "lib/service/retention.hpp"

#include "lib/service/keys.hpp"
#include "lib/service/reports.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using namespace std::chrono_literals;
using test::ControlPlane;

namespace {

domain::Key a_key(const ControlPlane& plane) {
  domain::KeyTerms terms;
  terms.name = domain::Change<std::string>::set("laptop");
  return create_key(plane.context(), plane.owner(), "default", terms).key;
}

std::size_t rows(const ControlPlane& plane) {
  plane.context().ledger.sync();
  store::RequestFilter filter;
  filter.limit = 10'000;
  return plane.context().store.reports().requests(filter).size();
}

/// Does all that is to be done now.
void run(Retention& retention, std::optional<int> keep_days = 90) {
  while (retention.step(keep_days) < 1s) {
  }
}

/// As days go by while nufid runs.
void pass_days(ControlPlane& plane, Retention& retention, int days) {
  for (int i = 0; i < days; ++i) {
    plane.clock.advance(24h);
    run(retention);
  }
}

std::size_t faults(const ControlPlane& plane) {
  return verify_ledger(plane.context(), plane.owner()).faults.size();
}

}  // namespace

TEST_CASE("retention: rows go when they are older than they are kept, their sums stay") {
  ControlPlane plane;
  const auto key = a_key(plane);
  Retention retention(plane.context().store.ledger(), plane.clock);
  for (int i = 0; i < 120; ++i) plane.call(key, domain::Money::nanos(1000));
  pass_days(plane, retention, 89);
  plane.call(key, domain::Money::nanos(5));
  CHECK(rows(plane) == 121);
  const auto before = plane.context().ledger.window(
      {domain::Scope::key, key.id.text(), domain::Metric::usd, domain::Period::total});

  pass_days(plane, retention, 2);

  CHECK(rows(plane) == 1);
  CHECK(faults(plane) == 0);
  CHECK(plane.context().ledger.window(
            {domain::Scope::key, key.id.text(), domain::Metric::usd, domain::Period::total}) ==
        before);
  UsageQuery query;
  query.days = 120;
  CHECK(report_usage(plane.context(), plane.owner(), query).totals.requests == 121);
}

TEST_CASE("retention: each of its steps leaves a ledger that agrees") {
  ControlPlane plane;
  const auto key = a_key(plane);
  auto& store = plane.context().store.ledger();
  for (int i = 0; i < 300; ++i) {
    plane.call(key, domain::Money::nanos(i));
    plane.clock.advance(7min);
  }
  CHECK(rows(plane) == 300);
  const auto now = plane.clock.now();
  const auto before = now - now.time_since_epoch() % 15min - 5h;
  int steps = 0;
  while (store.retire(before, 0ms).more) {
    ++steps;
    CHECK(faults(plane) == 0);
  }
  CHECK(steps >= 4);
  CHECK(faults(plane) == 0);
  CHECK(rows(plane) < 60);
}

TEST_CASE("retention: with none, everything is kept") {
  ControlPlane plane;
  const auto key = a_key(plane);
  plane.call(key, domain::Money::nanos(1));
  Retention retention(plane.context().store.ledger(), plane.clock);
  for (int i = 0; i < 100; ++i) {
    plane.clock.advance(100h);
    run(retention, std::nullopt);
  }
  plane.call(key, domain::Money::nanos(1));
  CHECK(rows(plane) == 2);
}

TEST_CASE("retention: whose a response is goes after 30 days, or with the rows") {
  ControlPlane plane;
  auto& ledger = plane.context().store.ledger();
  Retention retention(ledger, plane.clock);
  store::LedgerBatch batch;
  store::StoredResponse response;
  response.id = "resp_1";
  response.created_at = plane.clock.now();
  batch.responses = {response};
  ledger.apply(batch);
  std::optional<int> keep_days;
  int days = 30;
  SUBCASE("rows are kept for ever") {}
  SUBCASE("rows are kept for longer") {
    keep_days = 90;
  }
  SUBCASE("rows are kept for a week") {
    keep_days = days = 7;
  }
  for (int i = 0; i < days; ++i) {
    run(retention, keep_days);
    plane.clock.advance(24h);
  }
  CHECK(ledger.find_response("resp_1"));
  plane.clock.advance(1h);
  run(retention, keep_days);
  CHECK_FALSE(ledger.find_response("resp_1"));
}

TEST_CASE("retention: a clock that jumps deletes nothing until it has gone evenly for hours") {
  ControlPlane plane;
  const auto key = a_key(plane);
  Retention retention(plane.context().store.ledger(), plane.clock);
  pass_days(plane, retention, 1);
  plane.call(key, domain::Money::nanos(1));
  plane.clock.advance(1min);
  plane.call(key, domain::Money::nanos(2));
  pass_days(plane, retention, 1);
  plane.clock.shift(365 * 24h);
  run(retention);
  CHECK(rows(plane) == 2);

  SUBCASE("it was wrong, and is set back") {
    plane.clock.shift(-365 * 24h);
    pass_days(plane, retention, 10);
    CHECK(rows(plane) == 2);
  }
  SUBCASE("it was wrong, and nufid starts anew meanwhile") {
    Retention next(plane.context().store.ledger(), plane.clock);
    plane.clock.advance(5h);
    run(next);
    CHECK(rows(plane) == 2);
  }
  SUBCASE("it is right: nufid was off for a year") {
    Retention next(plane.context().store.ledger(), plane.clock);
    for (int i = 0; i < 8; ++i) {
      plane.clock.advance(1h);
      run(next);
    }
    CHECK(rows(plane) == 1);  // the newest stays, for the order of ids
    CHECK(faults(plane) == 0);
  }
}
