#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/connection.hpp"
#include "lib/store/sqlite/query.hpp"

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

/// The tables `usage_totals`, `usage_kinds` and `usage_details`: sums of rollups over hours and
/// days, so that a report of any range reads few rows. Always written with the rollups.
namespace nufi::store::sqlite {

/// Lengths of the buckets that are summed, the shortest first; each divides the next.
inline constexpr std::array<std::chrono::minutes, 3> kSpans{
    std::chrono::minutes(15), std::chrono::minutes(60), std::chrono::minutes(1440)};

/// What one subject used in a span. Keys have none of a quarter: their rollups have an index.
struct TotalKey {
  std::string scope;    ///< "all", or the name of a Scope
  std::string subject;  ///< its id, "" for all
  std::int64_t span = 0;
  Timestamp bucket;
  auto operator<=>(const TotalKey&) const = default;
};
inline constexpr std::string_view kEveryone = "all";

/// What everyone used of one kind in an hour or a day.
struct KindKey {
  std::int64_t span = 0;
  Timestamp bucket;
  std::string group;
  std::string model;
  std::string upstream;
  auto operator<=>(const KindKey&) const = default;
};

/// A rollup's hour or day.
struct DetailKey {
  std::string account;
  std::int64_t span = 0;
  Timestamp bucket;
  std::string project;
  std::string key;
  std::string group;
  std::string model;
  std::string upstream;
  auto operator<=>(const DetailKey&) const = default;
};

/// All sums that some rollups add to.
struct Summaries {
  std::map<TotalKey, RollupSums> totals;
  std::map<KindKey, RollupSums> kinds;
  std::map<DetailKey, RollupSums> details;
};
Summaries summarize(const std::map<RollupKey, RollupSums>& rollups);

/// A table and the columns of its key, in the order of add_key().
struct SummaryTable {
  std::string_view name;
  std::string_view key_columns;
};
inline constexpr SummaryTable kTotals{"usage_totals", "scope, subject, span, bucket"};
inline constexpr SummaryTable kKinds{"usage_kinds", "span, bucket, group_name, model, upstream"};
inline constexpr SummaryTable kDetails{
    "usage_details", "account_id, span, bucket, project_id, key_id, group_name, model, upstream"};
void add_key(Query& query, const TotalKey& key);
void add_key(Query& query, const KindKey& key);
void add_key(Query& query, const DetailKey& key);

/// Adds to the tables what the rollups add to theirs.
void write_summaries(Connection& connection, const std::map<RollupKey, RollupSums>& rollups);

/// Whole buckets of one span: [from, to).
struct Piece {
  std::chrono::minutes span{};
  Timestamp from;
  Timestamp to;
};
/// The range [starts[0], end) in time order, in as long buckets as fit between the starts; all are
/// quarters of an hour, ascending. Neighbours of one span are one piece.
std::vector<Piece> pieces_of(const std::vector<Timestamp>& starts, Timestamp end);

/// The sum of `amount` (an expression of sum columns) that a subject used in whole quarters of an
/// hour.
std::int64_t used_between(Connection& connection,
                          domain::Scope scope,
                          const std::string& subject,
                          const std::string& amount,
                          Timestamp from,
                          Timestamp to);

}  // namespace nufi::store::sqlite
