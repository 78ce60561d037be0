#include "lib/store/sqlite/rollups.hpp"

#include "lib/store/sqlite/summaries.hpp"

#include <algorithm>
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

std::string upsert_sums(std::string_view table, std::string_view key_columns) {
  std::string marks;
  for (auto left = 1 + std::count(key_columns.begin(), key_columns.end(), ','); left > 0; --left) {
    marks += "?, ";
  }
  return "INSERT INTO " + std::string(table) + " (" + std::string(key_columns) + ", " +
         sum_columns() + ") VALUES (" + marks +
         joined([](const std::string&) { return std::string("?"); }) +
         ") ON CONFLICT DO UPDATE SET " + joined([](const std::string& name) {
           return name + " = " + name + " + excluded." + name;
         });
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
  static const std::string sql = upsert_sums("rollups", kRollupKeyColumns);
  Query query(connection.prepared(sql));
  for (const auto& [key, sums] : rollups) {
    add_rollup_key(query, key);
    add_sums(query, sums);
    query.run_again();
  }
  write_summaries(connection, rollups);
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
