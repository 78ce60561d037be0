#include "lib/store/sqlite/reports.hpp"

#include "lib/store/sqlite/requests.hpp"
#include "lib/store/sqlite/rollups.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace nufi::store::sqlite {
namespace {

constexpr std::string_view kWhereUsage =
    " FROM rollups WHERE bucket >= ?1 AND bucket < ?2 AND (?3 IS NULL OR account_id = ?3) "
    "AND (?4 IS NULL OR project_id = ?4) AND (?5 IS NULL OR key_id = ?5) ";

void add_filter(Query& query, const UsageFilter& filter) {
  query.add(filter.from).add(filter.to).add(filter.account).add(filter.project).add(filter.key);
}

std::string_view column_of(GroupBy by) {
  switch (by) {
    case GroupBy::model:
      return "model";
    case GroupBy::key:
      return "key_id";
    case GroupBy::project:
      return "project_id";
    case GroupBy::group:
      return "group_name";
    case GroupBy::upstream:
      return "upstream";
    case GroupBy::account:
      return "account_id";
  }
  return "model";
}

/// Only the conditions that are asked for, so that the index of keys is used when it helps. Each
/// keeps its own parameter number.
std::string request_query(const RequestFilter& filter) {
  std::string sql = "SELECT " + request_columns() + " FROM requests WHERE true";
  if (filter.account) sql += " AND account_id = ?2";
  if (filter.key) sql += " AND key_id = ?3";
  if (!filter.model.empty()) sql += " AND model = ?4";
  if (!filter.status.empty()) sql += " AND status = ?5";
  if (filter.since) sql += " AND id >= ?6 AND time >= ?7";
  if (filter.after) sql += " AND id > ?8";
  if (filter.before) sql += " AND id < ?9";
  return sql + (filter.after ? " ORDER BY id LIMIT ?1" : " ORDER BY id DESC LIMIT ?1");
}

}  // namespace

std::vector<NamedSums> SqliteReports::usage_by(const UsageFilter& filter, GroupBy by) {
  const auto column = std::string(column_of(by));
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared("SELECT " + column + ", " + summed_columns() +
                                  std::string(kWhereUsage) + "GROUP BY " + column +
                                  " ORDER BY sum(cost) DESC, sum(requests) DESC, " + column));
    add_filter(row, filter);
    std::vector<NamedSums> result;
    while (row.step()) {
      auto name = row.text();
      result.push_back({std::move(name), read_sums(row)});
    }
    return result;
  });
}

std::vector<TimedSums> SqliteReports::usage_over_time(const UsageFilter& filter) {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared("SELECT bucket, " + summed_columns() + std::string(kWhereUsage) +
                                  "GROUP BY bucket ORDER BY bucket"));
    add_filter(row, filter);
    std::vector<TimedSums> result;
    while (row.step()) {
      const auto bucket = row.time();
      result.push_back({bucket, read_sums(row)});
    }
    return result;
  });
}

std::vector<domain::LedgerRow> SqliteReports::requests(const RequestFilter& filter) {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(request_query(filter)));
    row.at(1).add(std::max<std::int64_t>(filter.limit, 0));
    if (filter.account) row.at(2).add(*filter.account);
    if (filter.key) row.at(3).add(*filter.key);
    if (!filter.model.empty()) row.at(4).add(filter.model);
    if (!filter.status.empty()) row.at(5).add(filter.status);
    if (filter.since) row.at(6).add(first_id_at(*filter.since)).add(*filter.since);
    if (filter.after) row.at(8).add(filter.after->value);
    if (filter.before) row.at(9).add(filter.before->value);
    std::vector<domain::LedgerRow> rows;
    while (row.step()) rows.push_back(read_row(row));
    return rows;
  });
}

}  // namespace nufi::store::sqlite
