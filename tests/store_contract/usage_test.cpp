// Whatever tables a store sums up from: any range, filter, grouping and interval gives what the
// rows themselves sum to.

#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>
#include <tuple>

namespace nufi::store {
namespace {

using namespace examples;
using namespace std::chrono_literals;

constexpr std::int64_t kQuarters = 4 * 24 * 5;  ///< five days of calls

class Calls {
 public:
  explicit Calls(std::uint32_t seed) : random_(seed) {}

  std::int64_t below(std::int64_t end) {
    return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random_);
  }

  /// Skewed: the first of `count` come up most.
  std::string one_of(const std::string& name, std::int64_t count) {
    return name + std::to_string(below(1 + below(count)));
  }

  domain::LedgerRow call() {
    const auto number = below(1 + below(40));
    domain::Key of = key("key_" + std::to_string(number), "name");
    of.account = domain::AccountId("acct_" + std::to_string(number % 4));
    // A key may have been moved to another project of its account.
    of.project = domain::ProjectId("proj_" + std::to_string(number % 4) + one_of("", 2));
    auto call = row(of, below(kQuarters * 15), below(20) * below(1000));
    // Every other key is the child of one of the same account.
    if (number >= 20) call.parent = domain::KeyId("key_" + std::to_string(number - 20));
    call.group = one_of("group-", 2);
    call.model = one_of("model-", 5);
    call.upstream = one_of("up-", 3);
    call.status = below(8) == 0 ? domain::RowStatus::cut : domain::RowStatus::ok;
    call.usage[domain::Bucket::input] = below(100);
    call.usage[domain::Bucket::reasoning] = below(3);
    return call;
  }

  std::vector<domain::LedgerRow> calls(std::int64_t count) {
    std::vector<domain::LedgerRow> all;
    for (std::int64_t i = 0; i < count; ++i) all.push_back(call());
    return all;
  }

  Timestamp quarter() { return morning() + 15min * below(kQuarters + 8) - 30min; }

  UsageQuestion question() {
    UsageQuestion question;
    auto& filter = question.filter;
    filter.from = quarter();
    filter.to = std::max(quarter(), filter.from + 15min);
    const auto number = below(40);
    if (below(3) == 0) filter.account = domain::AccountId("acct_" + std::to_string(number % 4));
    if (below(4) == 0) {
      filter.project = domain::ProjectId("proj_" + std::to_string(number % 4) + one_of("", 2));
    }
    if (below(4) == 0) filter.key = domain::KeyId("key_" + std::to_string(number));
    question.starts = {filter.from};
    for (auto left = below(6); left > 0; --left) {
      const auto quarters = (filter.to - filter.from) / 15min;
      question.starts.push_back(filter.from + 15min * below(quarters));
    }
    std::sort(question.starts.begin(), question.starts.end());
    question.by = static_cast<GroupBy>(below(6));
    if (below(2) == 0) question.most = 1 + below(6);
    return question;
  }

 private:
  std::mt19937 random_;
};

bool is_asked(const UsageFilter& filter, const domain::LedgerRow& row) {
  return row.time >= filter.from && row.time < filter.to &&
         (!filter.account || *filter.account == row.account) &&
         (!filter.project || *filter.project == row.project) &&
         (!filter.key || *filter.key == row.key || *filter.key == row.parent);
}

std::string name_of(const domain::LedgerRow& row, GroupBy by) {
  switch (by) {
    case GroupBy::model:
      return row.model;
    case GroupBy::key:
      return row.key.text();
    case GroupBy::project:
      return row.project.text();
    case GroupBy::group:
      return row.group;
    case GroupBy::upstream:
      return row.upstream;
    case GroupBy::account:
      return row.account.text();
  }
  return "";
}

UsageSums expected(const std::vector<domain::LedgerRow>& rows, const UsageQuestion& question) {
  UsageSums result;
  result.intervals.resize(question.starts.size());
  std::map<std::string, RollupSums> by;
  for (const auto& row : rows) {
    if (!is_asked(question.filter, row)) continue;
    RollupSums sums;
    sums.requests = 1;
    sums.errors = row.status == domain::RowStatus::cut ? 1 : 0;
    sums.cost = row.cost;
    sums.upstream_cost = row.upstream_cost;
    sums.usage = row.usage;
    const auto& starts = question.starts;
    const auto behind = std::upper_bound(starts.begin(), starts.end(), row.time);
    result.intervals[static_cast<std::size_t>(behind - starts.begin() - 1)] += sums;
    by[name_of(row, *question.by)] += sums;
  }
  for (const auto& [name, sums] : by) result.by.push_back({name, sums});
  std::stable_sort(result.by.begin(), result.by.end(), [](const auto& a, const auto& b) {
    return std::tie(b.sums.cost, b.sums.requests) < std::tie(a.sums.cost, a.sums.requests);
  });
  const auto most = static_cast<std::size_t>(question.most);
  if (most > 0 && result.by.size() > most) result.by.resize(most);
  return result;
}

bool same(const std::vector<NamedSums>& a, const std::vector<NamedSums>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.name == other.name && one.sums == other.sums;
  });
}

}  // namespace

TEST_CASE("usage: any range, filter and grouping is the sum of its rows") {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) {
    CAPTURE(seed);
    Calls random(seed);
    auto under_test = StoreUnderTest::make();
    auto& store = under_test->store();
    std::vector<domain::LedgerRow> rows;
    for (int batch = 0; batch < 3; ++batch) {
      const auto more = random.calls(150);
      rows.insert(rows.end(), more.begin(), more.end());
      auto written = batch_of(more);
      written.windows = batch_of(rows).windows;
      store.ledger().apply(written);
    }
    CHECK(store.ledger().verify().faults.empty());

    for (int i = 0; i < 300; ++i) {
      CAPTURE(i);
      const auto question = random.question();
      const auto right = expected(rows, question);
      const auto usage = store.reports().usage(question);
      REQUIRE(usage.intervals == right.intervals);
      REQUIRE(same(usage.by, right.by));
    }
  }
}

TEST_CASE("usage: the dearest keys of many, also when nobody costs anything") {
  Calls random(9);
  auto under_test = StoreUnderTest::make();
  std::vector<domain::LedgerRow> rows;
  SUBCASE("costs differ") {
    rows = random.calls(400);
  }
  SUBCASE("all is free") {
    rows = random.calls(400);
    for (auto& row : rows) row.cost = domain::Money::zero();
  }
  SUBCASE("more keys than it pays to leave out") {
    for (int i = 0; i < 1200; ++i) {
      rows.push_back(row(key("key_" + std::to_string(i), "name"), i, 5 + i % 2));
    }
  }
  under_test->store().ledger().apply(batch_of(rows));

  UsageQuestion question;
  question.filter.from = morning();
  question.filter.to = morning() + 24h * 6;
  question.starts = {question.filter.from};
  question.by = GroupBy::key;
  for (const std::int64_t most : {1, 3, 10}) {
    question.most = most;
    CHECK(same(under_test->store().reports().usage(question).by, expected(rows, question).by));
  }
}

}  // namespace nufi::store
