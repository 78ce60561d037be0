#include "lib/store/sqlite/rollups.hpp"

#include <vector>

namespace nufi::store::sqlite {
namespace {

const std::vector<std::string>& names() {
  static const auto all = [] {
    std::vector<std::string> list = {"requests", "errors", "refused", "cost", "upstream_cost"};
    for (auto bucket : domain::kBuckets) {
      list.push_back("tokens_" + std::string(domain::bucket_name(bucket)));
    }
    return list;
  }();
  return all;
}

/// write(name) of every sum, with commas between.
template <class Write>
std::string joined(Write write) {
  std::string text;
  for (const auto& name : names()) text += (text.empty() ? "" : ", ") + write(name);
  return text;
}

}  // namespace

bool is_quarter(Timestamp time) {
  return time.time_since_epoch() % kQuarter == std::chrono::milliseconds::zero();
}

const std::string& upsert_rollup() {
  static const std::string sql =
      "INSERT INTO rollups (" + std::string(kRollupKeyColumns) + ", " + sum_columns() +
      ") VALUES (?, ?, ?, ?, ?, ?, ?, " +
      joined([](const std::string&) { return std::string("?"); }) + ") ON CONFLICT DO UPDATE SET " +
      joined([](const std::string& name) { return name + " = " + name + " + excluded." + name; });
  return sql;
}

void add_rollup_key(Query& query, const RollupKey& key) {
  query.add(key.bucket)
      .add(key.account)
      .add(key.project)
      .add(key.key)
      .add(key.group)
      .add(key.model)
      .add(key.upstream);
}

void add_sums(Query& query, const RollupSums& sums) {
  query.add(sums.requests)
      .add(sums.errors)
      .add(sums.refused)
      .add(sums.cost)
      .add(sums.upstream_cost);
  for (auto bucket : domain::kBuckets) query.add(sums.usage[bucket]);
}

void write_rollups(Connection& connection, const std::map<RollupKey, RollupSums>& rollups) {
  if (rollups.empty()) return;
  Query query(connection.prepared(upsert_rollup()));
  for (const auto& [key, sums] : rollups) {
    add_rollup_key(query, key);
    add_sums(query, sums);
    query.run_again();
  }
}

const std::string& summed_columns() {
  static const auto text = joined([](const std::string& name) { return "sum(" + name + ")"; });
  return text;
}

const std::string& sum_columns() {
  static const auto text = joined([](const std::string& name) { return name; });
  return text;
}

RollupKey read_rollup_key(Query& query) {
  RollupKey key;
  key.bucket = query.time();
  key.account = domain::AccountId(query.text());
  key.project = domain::ProjectId(query.text());
  key.key = domain::KeyId(query.text());
  key.group = query.text();
  key.model = query.text();
  key.upstream = query.text();
  return key;
}

RollupSums read_sums(Query& query) {
  RollupSums sums;
  sums.requests = query.integer();
  sums.errors = query.integer();
  sums.refused = query.integer();
  sums.cost = query.money();
  sums.upstream_cost = query.money();
  for (auto bucket : domain::kBuckets) sums.usage[bucket] = query.integer();
  return sums;
}

}  // namespace nufi::store::sqlite
