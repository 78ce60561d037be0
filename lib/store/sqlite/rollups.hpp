#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/connection.hpp"
#include "lib/store/sqlite/query.hpp"

#include <map>
#include <string>

/// The table `rollups`: a quarter of an hour of one key on one model and upstream.
namespace nufi::store::sqlite {

inline constexpr std::chrono::minutes kQuarter{15};

/// True if `time` is the start of a quarter of an hour.
bool is_quarter(Timestamp time);

/// The columns of RollupKey, of its primary key and in its order.
inline constexpr std::string_view kRollupKeyColumns =
    "bucket, account_id, project_id, key_id, group_name, model, upstream";

/// A statement that adds sums to what `table` has under a key; parameters: the key, add_sums().
std::string upsert_sums(std::string_view table, std::string_view key_columns);
void add_rollup_key(Query& query, const RollupKey& key);
void add_sums(Query& query, const RollupSums& sums);
/// Adds each to what is there, which may take away: a correction's sums are differences.
void write_rollups(Connection& connection, const std::map<RollupKey, RollupSums>& rollups);

/// "sum(requests), sum(errors), …": the columns of read_sums() for a SELECT with GROUP BY.
const std::string& summed_columns();
/// "requests, errors, …": those of a single rollup.
const std::string& sum_columns();
RollupKey read_rollup_key(Query& query);
RollupSums read_sums(Query& query);

}  // namespace nufi::store::sqlite
