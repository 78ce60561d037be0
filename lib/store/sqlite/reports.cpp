#include "lib/store/sqlite/reports.hpp"

#include "lib/store/sqlite/requests.hpp"
#include "lib/store/sqlite/usage.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace nufi::store::sqlite {
namespace {

/// The index that leads to the rows of a filter in their order; "" = the table is in that order.
std::string_view index_of(const RequestFilter& filter, bool is_rare) {
  if (filter.status == domain::row_status_name(domain::RowStatus::running)) {
    return "requests_running";
  }
  if (filter.key) return is_rare ? "requests_not_ok_by_key" : "requests_by_key";
  if (filter.account) return is_rare ? "requests_not_ok_by_account" : "requests_by_account";
  if (is_rare) return "requests_not_ok";
  if (!filter.model.empty()) return "requests_by_model";
  return "";
}

/// Only the conditions that are asked for. Each keeps its own parameter number.
std::string request_query(const RequestFilter& filter) {
  const auto status = domain::row_status_from_name(filter.status);
  const bool is_rare =
      status && status != domain::RowStatus::ok && status != domain::RowStatus::running;
  const auto index = index_of(filter, is_rare);
  std::string sql = "SELECT " + request_columns() + " FROM requests";
  if (!index.empty()) sql += " INDEXED BY " + std::string(index);
  sql += " WHERE true";
  // A partial index is only taken for the words it was made with.
  if (is_rare) sql += " AND status NOT IN ('ok', 'running')";
  if (status == domain::RowStatus::running) sql += " AND status = 'running'";
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

UsageSums SqliteReports::usage(const UsageQuestion& question) {
  return readers_.read([&](Connection& connection) {
    Transaction transaction(connection, Transaction::Kind::snapshot);
    UsageSums sums;
    sums.intervals = usage_over_time(connection, question);
    if (question.by) sums.by = usage_by(connection, question);
    return sums;
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
