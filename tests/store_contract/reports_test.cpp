#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {
namespace {

using namespace examples;
using namespace std::chrono_literals;

/// Two keys in two projects of one account and calls at minutes 0, 5, 20 and 50.
void add_calls(Store& store) {
  const auto laptop = key("key_1", "laptop");
  auto phone = key("key_2", "phone");
  phone.project = domain::ProjectId("proj_b");
  auto mini = row(laptop, 5, 20);
  mini.model = "gpt-4o-mini";
  auto failed = row(laptop, 20, 0);
  failed.status = domain::RowStatus::upstream_error;
  failed.upstream = "";
  auto batch = batch_of({row(laptop, 0, 10), mini, failed, row(phone, 50, 500)});
  const RollupKey refused{
      morning() + 15min, laptop.account, laptop.project, laptop.id, "default", "gpt-4o", ""};
  batch.rollups[refused].refused += 3;
  store.ledger().apply(batch);
}

UsageFilter hour() {
  return {morning(), morning() + 1h, {}, {}, {}};
}

/// "name:requests/cost …"
std::string line(const std::vector<NamedSums>& usage) {
  std::string text;
  for (const auto& each : usage) {
    text += (text.empty() ? "" : " ") + each.name + ":" + std::to_string(each.sums.requests) + "/" +
            std::to_string(each.sums.cost.nanos());
  }
  return text;
}

/// Of the filter by `by`.
std::string by(Reports& reports, const UsageFilter& filter, GroupBy by, std::int64_t most = 0) {
  return line(reports.usage({filter, {filter.from}, by, most}).by);
}

/// The minutes after morning() of `rows`.
std::string minutes(const std::vector<domain::LedgerRow>& rows) {
  std::string text;
  for (const auto& each : rows) {
    const auto minute = std::chrono::duration_cast<std::chrono::minutes>(each.time - morning());
    text += (text.empty() ? "" : " ") + std::to_string(minute.count());
  }
  return text;
}

}  // namespace

TEST_CASE("reports: usage by each grouping, dearest first") {
  auto under_test = StoreUnderTest::make();
  add_calls(under_test->store());
  auto& reports = under_test->store().reports();

  CHECK(by(reports, hour(), GroupBy::model) == "gpt-4o:3/510 gpt-4o-mini:1/20");
  CHECK(by(reports, hour(), GroupBy::key) == "key_2:1/500 key_1:3/30");
  CHECK(by(reports, hour(), GroupBy::project) == "proj_b:1/500 proj_a:3/30");
  CHECK(by(reports, hour(), GroupBy::group) == "default:4/530");
  CHECK(by(reports, hour(), GroupBy::upstream) == "openai:3/530 :1/0");
  CHECK(by(reports, hour(), GroupBy::account) == "acct_a:4/530");
  CHECK(by(reports, hour(), GroupBy::key, 1) == "key_2:1/500");
  CHECK(by(reports, hour(), GroupBy::model, 1) == "gpt-4o:3/510");
}

TEST_CASE("reports: usage is of the asked range and subject only") {
  auto under_test = StoreUnderTest::make();
  add_calls(under_test->store());
  auto& reports = under_test->store().reports();

  auto filter = hour();
  filter.to = morning() + 45min;
  CHECK(by(reports, filter, GroupBy::account) == "acct_a:3/30");
  filter.from = morning() + 15min;
  CHECK(by(reports, filter, GroupBy::account) == "acct_a:1/0");
  filter = hour();
  filter.key = domain::KeyId("key_2");
  CHECK(by(reports, filter, GroupBy::model) == "gpt-4o:1/500");
  filter = hour();
  filter.project = domain::ProjectId("proj_a");
  CHECK(by(reports, filter, GroupBy::key) == "key_1:3/30");
  filter = hour();
  filter.account = domain::AccountId("acct_b");
  CHECK(by(reports, filter, GroupBy::key).empty());
  CHECK(reports.usage({filter, {filter.from}, {}, 0}).intervals ==
        std::vector<RollupSums>{RollupSums{}});
}

TEST_CASE("reports: usage over time counts errors, refusals and tokens per interval") {
  auto under_test = StoreUnderTest::make();
  add_calls(under_test->store());
  const auto start = morning();

  const auto usage =
      under_test->store()
          .reports()
          .usage({hour(), {start, start + 15min, start + 30min, start + 30min}, {}, 0})
          .intervals;

  REQUIRE(usage.size() == 4);
  CHECK(usage[0].requests == 2);
  CHECK(usage[0].usage.prompt() == 20);
  CHECK(usage[1].errors == 1);
  CHECK(usage[1].refused == 3);
  CHECK(usage[2] == RollupSums{});
  CHECK(usage[3].cost == domain::Money::nanos(500));
}

TEST_CASE("reports: requests are newest first, filtered, in pages") {
  auto under_test = StoreUnderTest::make();
  add_calls(under_test->store());
  auto& reports = under_test->store().reports();
  const auto ask = [&](const auto& fill) {
    RequestFilter filter;
    fill(filter);
    return minutes(reports.requests(filter));
  };
  const auto rows = reports.requests({});
  REQUIRE(minutes(rows) == "50 20 5 0");

  CHECK(ask([](auto& filter) { filter.limit = 2; }) == "50 20");
  CHECK(ask([](auto& filter) { filter.limit = 0; }).empty());
  CHECK(ask([](auto& filter) { filter.key = domain::KeyId("key_1"); }) == "20 5 0");
  CHECK(ask([](auto& filter) { filter.account = domain::AccountId("acct_b"); }).empty());
  CHECK(ask([](auto& filter) { filter.model = "gpt-4o-mini"; }) == "5");
  CHECK(ask([](auto& filter) { filter.status = "upstream_error"; }) == "20");
  CHECK(ask([](auto& filter) { filter.since = morning() + 5min; }) == "50 20 5");
  CHECK(ask([](auto& filter) { filter.since = Timestamp::max(); }).empty());
  CHECK(ask([&](auto& filter) { filter.before = rows[1].id; }) == "5 0");
  CHECK(ask([&](auto& filter) { filter.after = rows[2].id; }) == "20 50");
  CHECK(ask([&](auto& filter) {
          filter.after = rows[3].id;
          filter.limit = 1;
        }) == "5");
  CHECK(ask([&](auto& filter) {
          filter.key = domain::KeyId("key_1");
          filter.status = "ok";
          filter.since = morning() + 1min;
          filter.before = rows[0].id;
        }) == "5");
}

}  // namespace nufi::store
