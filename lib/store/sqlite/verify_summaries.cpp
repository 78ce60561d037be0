// Every bucket of a summary lies within one day of UTC. So the rollups are read day by day, summed
// up as they are when they are written, and each sum is looked up; a table that has more rows than
// were looked up has rows that nothing explains.

#include "lib/store/sqlite/verify_summaries.hpp"

#include "lib/base/text.hpp"
#include "lib/store/sqlite/rollups.hpp"
#include "lib/store/sqlite/summaries.hpp"

#include <algorithm>
#include <map>
#include <string>

namespace nufi::store::sqlite {
namespace {

std::string describe(const RollupSums& sums) {
  return std::to_string(sums.requests) + " requests, " + std::to_string(sums.errors) + " errors, " +
         std::to_string(sums.refused) + " refused, cost " + domain::format_usd(sums.cost) + ", " +
         std::to_string(sums.usage.prompt()) + " + " + std::to_string(sums.usage.completion()) +
         " tokens";
}

std::string describe(std::int64_t span, Timestamp bucket) {
  return std::to_string(span) + " minutes from " + format_rfc3339(bucket);
}
std::string describe(const TotalKey& key) {
  return "of " + (key.subject.empty() ? "everyone" : key.subject) + ", " +
         describe(key.span, key.bucket);
}
std::string describe(const KindKey& key) {
  return "of " + key.group + " " + key.model + " at " + key.upstream + ", " +
         describe(key.span, key.bucket);
}
std::string describe(const DetailKey& key) {
  return "of " + key.key + " " + key.model + " at " + key.upstream + ", " +
         describe(key.span, key.bucket);
}

/// "scope, subject" → "scope = ? AND subject = ?".
std::string each_equal(std::string_view columns) {
  std::string text;
  for (const char letter : columns) {
    if (letter == ',') {
      text += " = ? AND";
    } else {
      text += letter;
    }
  }
  return text + " = ?";
}

class Check {
 public:
  Check(Connection& connection, const SummaryTable& table, VerifyReport& report)
      : connection_(connection),
        table_(table),
        report_(report),
        sql_("SELECT " + sum_columns() + " FROM " + std::string(table.name) + " WHERE " +
             each_equal(table.key_columns)) {}

  template <class Key>
  void compare(const std::map<Key, RollupSums>& expected) {
    Query row(connection_.prepared(sql_));
    for (const auto& [key, sums] : expected) {
      add_key(row, key);
      RollupSums stored;
      if (row.step()) {
        ++found_;
        stored = read_sums(row);
      }
      row.reset();
      if (stored == sums) continue;
      report_.faults.push_back({std::string(table_.name) + " " + describe(key) + ": counts " +
                                describe(stored) + "; its rollups sum to " + describe(sums)});
    }
  }

  /// After all that should be there was looked up.
  void finish() {
    Query row(connection_.prepared("SELECT count(*) FROM " + std::string(table_.name)));
    row.step();
    const auto unexplained = row.integer() - found_;
    if (unexplained == 0) return;
    report_.faults.push_back({std::string(table_.name) + ": " + std::to_string(unexplained) +
                              " of its sums have no rollups"});
  }

 private:
  Connection& connection_;
  const SummaryTable& table_;
  VerifyReport& report_;
  const std::string sql_;
  std::int64_t found_ = 0;
};

}  // namespace

void verify_summaries(Connection& connection, VerifyReport& report) {
  Check totals(connection, kTotals, report);
  Check kinds(connection, kKinds, report);
  Check details(connection, kDetails, report);
  std::map<RollupKey, RollupSums> day;
  const auto compare_day = [&] {
    const Summaries expected = summarize(day);
    totals.compare(expected.totals);
    kinds.compare(expected.kinds);
    details.compare(expected.details);
    day.clear();
  };
  Query row(connection.prepared("SELECT " + std::string(kRollupKeyColumns) + ", " + sum_columns() +
                                " FROM rollups ORDER BY bucket"));
  auto today = Timestamp::min();
  while (row.step()) {
    const RollupKey key = read_rollup_key(row);
    const Timestamp its_day = std::chrono::floor<std::chrono::days>(key.bucket);
    if (its_day != today) compare_day();
    today = its_day;
    day.emplace_hint(day.end(), key, read_sums(row));
  }
  compare_day();
  totals.finish();
  kinds.finish();
  details.finish();
}

}  // namespace nufi::store::sqlite
