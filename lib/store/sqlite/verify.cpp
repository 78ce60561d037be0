#include "lib/store/sqlite/verify.hpp"

#include "lib/base/text.hpp"
#include "lib/store/sqlite/requests.hpp"
#include "lib/store/sqlite/rollups.hpp"
#include "lib/store/sqlite/verify_summaries.hpp"
#include "lib/store/sqlite/verify_windows.hpp"

#include <optional>
#include <string>

namespace nufi::store::sqlite {
namespace {

/// Enough to see what is wrong; the rest is counted.
constexpr std::size_t kMostFaults = 100;

struct Rollup {
  RollupKey key;
  RollupSums sums;
};

/// The rollups that the rows say there should be, in the order of the table.
std::string expected_rollups() {
  std::string sql =
      "SELECT time - time % 900000, account_id, project_id, key_id, group_name, model, upstream, "
      "count(*), "
      "sum(status IN ('client_error', 'upstream_error', 'interrupted', 'cut')), 0, sum(cost), "
      "sum(upstream_cost)";
  for (auto bucket : domain::kBuckets) {
    sql += ", sum(tokens_" + std::string(domain::bucket_name(bucket)) + ")";
  }
  return sql +
         " FROM requests WHERE id >= ? AND time >= ? AND status <> 'running' "
         "GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7";
}

std::string stored_rollups() {
  return "SELECT " + std::string(kRollupKeyColumns) + ", " + sum_columns() +
         " FROM rollups WHERE bucket >= ? ORDER BY " + std::string(kRollupKeyColumns);
}

std::optional<Rollup> next_rollup(Query& row) {
  if (!row.step()) return std::nullopt;
  Rollup rollup;
  rollup.key = read_rollup_key(row);
  rollup.sums = read_sums(row);
  return rollup;
}

std::string describe(const RollupSums& sums) {
  return std::to_string(sums.requests) + " requests, " + std::to_string(sums.errors) +
         " errors, cost " + domain::format_usd(sums.cost) + " (upstream " +
         domain::format_usd(sums.upstream_cost) + "), " + std::to_string(sums.usage.prompt()) +
         " + " + std::to_string(sums.usage.completion()) + " tokens";
}

void compare(const RollupKey& key,
             RollupSums stored,
             const RollupSums& expected,
             VerifyReport& report) {
  stored.refused = 0;  // refused calls have no row
  if (stored == expected) return;
  const auto difference =
      stored.requests == expected.requests && stored.errors == expected.errors &&
              stored.cost == expected.cost && stored.upstream_cost == expected.upstream_cost
          ? std::string(", in other kinds of tokens")
          : std::string();
  report.faults.push_back(
      {"rollup " + format_rfc3339(key.bucket) + " " + key.key.text() + " " + key.model + " at " +
       (key.upstream.empty() ? "no upstream" : key.upstream) + ": counts " + describe(stored) +
       "; its rows sum to " + describe(expected) + difference});
}

/// Walks both in the same order, as a merge does: neither is ever held in memory.
void verify_rollups(Connection& connection, Timestamp kept_from, VerifyReport& report) {
  Query stored_row(connection.prepared(stored_rollups()));
  stored_row.add(kept_from);
  Query expected_row(connection.prepared(expected_rollups()));
  expected_row.add(first_id_at(kept_from)).add(kept_from);
  auto stored = next_rollup(stored_row);
  auto expected = next_rollup(expected_row);
  while (stored || expected) {
    const bool has_stored = stored && (!expected || stored->key <= expected->key);
    const bool has_expected = expected && (!stored || expected->key <= stored->key);
    compare(has_stored ? stored->key : expected->key,
            has_stored ? stored->sums : RollupSums{},
            has_expected ? expected->sums : RollupSums{},
            report);
    if (has_stored) {
      ++report.rollups;
      stored = next_rollup(stored_row);
    }
    if (has_expected) {
      report.rows += expected->sums.requests;
      expected = next_rollup(expected_row);
    }
  }
}

/// The file itself: pages, indexes and the rules of its columns.
void verify_file(Connection& connection, VerifyReport& report) {
  Query row(connection.prepared("PRAGMA quick_check"));
  while (row.step()) {
    auto line = row.text();
    if (line != "ok") report.faults.push_back({"the database file is damaged: " + line});
  }
}

}  // namespace

VerifyReport verify_ledger(Connection& connection) {
  Transaction transaction(connection, Transaction::Kind::snapshot);
  VerifyReport report;
  verify_file(connection, report);
  // Sums over a damaged file would only blame the wrong thing.
  if (report.faults.empty()) {
    const auto kept_from = rows_kept_from(connection);
    verify_rollups(connection, kept_from, report);
    verify_windows(connection, kept_from, report);
    if (report.faults.empty()) verify_summaries(connection, report);
  }
  if (report.faults.size() > kMostFaults) {
    const auto more = report.faults.size() - kMostFaults;
    report.faults.resize(kMostFaults);
    report.faults.push_back({"and " + std::to_string(more) + " more"});
  }
  return report;
}

}  // namespace nufi::store::sqlite
