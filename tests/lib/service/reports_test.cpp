#include "lib/service/reports.hpp"

#include "lib/base/text.hpp"
#include "lib/service/keys.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using domain::Change;
using domain::Money;
using test::ControlPlane;
using test::failure_of;

namespace {

domain::Key make_key(const ControlPlane& plane, const Actor& actor, const std::string& name) {
  domain::KeyTerms terms;
  terms.name = Change<std::string>::set(name);
  return create_key(plane.context(), actor, "default", terms).key;
}

Money usd(std::string_view text) {
  return *domain::parse_usd(text);
}

}  // namespace

TEST_CASE("reports: usage has every day, also those without calls") {
  ControlPlane plane;
  const auto key = make_key(plane, plane.owner(), "laptop");
  plane.call(key, usd("1"));
  plane.clock.advance(std::chrono::hours(48));
  plane.call(key, usd("0.5"));
  plane.call(key, usd("0"), domain::RowStatus::upstream_error);
  UsageQuery query;
  query.days = 4;
  query.by = "key";
  const auto report = report_usage(plane.context(), plane.owner(), query);
  REQUIRE(report.days.size() == 4);
  CHECK(report.days[0].date == "2026-08-19");
  CHECK(report.days[0].totals.requests == 0);
  CHECK(report.days[1].totals.cost == usd("1"));
  CHECK(report.days[2].totals.requests == 0);
  CHECK(report.days[3].date == "2026-08-22");
  CHECK(report.days[3].totals.requests == 2);
  CHECK(report.days[3].totals.errors == 1);
  CHECK(report.totals.cost == usd("1.5"));
  CHECK(report.totals.tokens[domain::Bucket::input] == 30);
  REQUIRE(report.by.size() == 1);
  CHECK(report.by[0].name == "laptop");
  CHECK(report.by[0].id == key.id.text());
}

TEST_CASE("reports: days are those of the reader's zone") {
  ControlPlane plane;
  const auto key = make_key(plane, plane.owner(), "laptop");
  plane.clock.advance(std::chrono::hours(11));  // 23:00 in UTC, 01:00 of the next day in Berlin
  plane.call(key, usd("1"));
  UsageQuery query;
  query.days = 1;
  query.timezone = "Europe/Berlin";
  const auto report = report_usage(plane.context(), plane.owner(), query);
  REQUIRE(report.days.size() == 1);
  CHECK(report.days[0].date == "2026-08-21");
  CHECK(report.totals.cost == usd("1"));
  CHECK(report.timezone == "Europe/Berlin");
}

TEST_CASE("reports: the sum by name is the sum of days") {
  const ControlPlane plane;
  const auto one = make_key(plane, plane.owner(), "one");
  const auto two = make_key(plane, plane.owner(), "two");
  plane.call(one, usd("1"));
  plane.call(two, usd("3"));
  for (const char* by : {"model", "key", "project", "group", "upstream", "account", "day"}) {
    UsageQuery query;
    query.days = 7;
    query.by = by;
    const auto report = report_usage(plane.context(), plane.owner(), query);
    Money sum;
    for (const auto& entry : report.by) sum += entry.totals.cost;
    CHECK(sum == usd("4"));
  }
  UsageQuery only;
  only.key = "two";
  CHECK(report_usage(plane.context(), plane.owner(), only).totals.cost == usd("3"));
}

TEST_CASE("reports: a member's report holds its own calls only") {
  const ControlPlane plane;
  const auto key = make_key(plane, plane.owner(), "laptop");
  plane.call(key, usd("1"));
  const Actor member = plane.member();
  CHECK(report_usage(plane.context(), member, {}).totals.requests == 0);
  CHECK(list_requests(plane.context(), member, {}).data.empty());
  CHECK(list_requests(plane.context(), plane.owner(), {}).data.size() == 1);
}

TEST_CASE("reports: requests come newest first, with names, in pages") {
  ControlPlane plane;
  const auto key = make_key(plane, plane.owner(), "laptop");
  for (const char* cost : {"1", "2", "3"}) {
    plane.call(key, usd(cost));
    plane.clock.advance(std::chrono::seconds(1));
  }
  RequestQuery query;
  query.last = 2;
  const auto first = list_requests(plane.context(), plane.owner(), query);
  REQUIRE(first.data.size() == 2);
  CHECK(first.data[0].row.cost == usd("3"));
  CHECK(first.data[0].account == "ada");
  CHECK(first.data[0].project == "default");
  query.before = first.next;
  const auto second = list_requests(plane.context(), plane.owner(), query);
  REQUIRE(second.data.size() == 1);
  CHECK(second.data[0].row.cost == usd("1"));
  CHECK(second.next.empty());

  RequestQuery follow;
  follow.after = second.data[0].row.id.text();
  const auto newer = list_requests(plane.context(), plane.owner(), follow);
  REQUIRE(newer.data.size() == 2);
  CHECK(newer.data[0].row.cost == usd("2"));
}

TEST_CASE("reports: a query that makes no sense is refused") {
  const ControlPlane plane;
  const auto refuses = [&](const UsageQuery& query) {
    return failure_of([&] { report_usage(plane.context(), plane.owner(), query); })
        .starts_with("invalid");
  };
  UsageQuery query;
  SUBCASE("no days") {
    query.days = 0;
  }
  SUBCASE("unknown grouping") {
    query.by = "colour";
  }
  SUBCASE("days and from") {
    query.days = 1;
    query.from = plane.clock.now();
  }
  SUBCASE("backwards") {
    query.from = plane.clock.now();
    query.to = plane.clock.now() - std::chrono::hours(1);
  }
  SUBCASE("unknown zone") {
    query.timezone = "Mars/Olympus";
  }
  CHECK(refuses(query));
  RequestQuery requests;
  requests.status = "lost";
  CHECK(failure_of([&] {
          list_requests(plane.context(), plane.owner(), requests);
        }).starts_with("invalid"));
}

TEST_CASE("reports: status says what runs and what is spent") {
  const ControlPlane plane;
  const auto key = make_key(plane, plane.owner(), "laptop");
  make_key(plane, plane.owner(), "old");
  revoke_key(plane.context(), plane.owner(), "old");
  plane.call(key, usd("1"));
  const auto status = show_status(plane.context(), plane.owner());
  CHECK(status.version == "1.2.3");
  CHECK(status.live_keys == 1);
  CHECK(status.ledger_writable);
  CHECK(status.calls_in_flight == 0);
  CHECK(status.spend.usd.spent == usd("1").nanos());
  CHECK_FALSE(status.catalogue_date.empty());
}

TEST_CASE("reports: the ledger proves itself after calls") {
  const ControlPlane plane;
  const auto key = make_key(plane, plane.owner(), "laptop");
  plane.call(key, usd("1"));
  const auto report = verify_ledger(plane.context(), plane.owner());
  CHECK(report.rows == 1);
  for (const auto& fault : report.faults) MESSAGE(fault.what);
  CHECK(report.faults.empty());
}
