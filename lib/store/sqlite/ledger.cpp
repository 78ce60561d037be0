#include "lib/store/sqlite/ledger.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/forgiven.hpp"
#include "lib/store/sqlite/requests.hpp"
#include "lib/store/sqlite/responses.hpp"
#include "lib/store/sqlite/rollups.hpp"
#include "lib/store/sqlite/summaries.hpp"
#include "lib/store/sqlite/values.hpp"
#include "lib/store/sqlite/verify.hpp"

#include <string>

namespace nufi::store::sqlite {
namespace {

// Every value is bound anew for each row, so the statements are only reset in between.

void write_rows(Connection& connection, const std::vector<domain::LedgerRow>& rows) {
  static const std::string sql = [] {
    const auto& columns = request_columns();
    std::string marks = "?";
    for (char letter : columns) {
      if (letter == ',') marks += ", ?";
    }
    return "INSERT OR REPLACE INTO requests (" + columns + ") VALUES (" + marks + ")";
  }();
  if (rows.empty()) return;
  Query query(connection.prepared(sql));
  for (const auto& row : rows) {
    add_row(query, row);
    query.run_again();
  }
}

void write_parents(Connection& connection, const std::vector<domain::LedgerRow>& rows) {
  for (const auto& row : rows) {
    if (row.parent.empty()) continue;
    Query(
        connection.prepared("INSERT OR IGNORE INTO key_parents (key_id, parent_id) VALUES (?, ?)"))
        .add(row.key)
        .add(row.parent)
        .run();
  }
}

void write_windows(Connection& connection, const std::vector<WindowAmount>& windows) {
  if (windows.empty()) return;
  Query query(connection.prepared(
      "INSERT INTO windows (scope, subject, metric, period, cycle_start, cycle_end, spent, "
      "adjustment) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT DO UPDATE SET cycle_end = excluded.cycle_end, spent = excluded.spent, "
      "adjustment = adjustment + excluded.adjustment"));
  for (const auto& amount : windows) {
    query.add(domain::scope_name(amount.window.scope))
        .add(amount.window.subject)
        .add(domain::metric_name(amount.window.metric))
        .add(domain::period_name(amount.window.period))
        .add(amount.cycle_start)
        .add(amount.cycle_end)
        .add(amount.spent)
        .add(amount.adjustment);
    query.run_again();
    if (amount.reset_at) note_reset(connection, amount.window, *amount.reset_at);
  }
}

void write_last_use(Connection& connection, const std::map<domain::KeyId, Timestamp>& last_used) {
  if (last_used.empty()) return;
  Query query(
      connection.prepared("UPDATE keys SET last_used_at = ?1 "
                          "WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at < ?1)"));
  for (const auto& [key, time] : last_used) {
    query.add(time).add(key);
    query.run_again();
  }
}

}  // namespace

void drop_windows(Connection& connection, const std::vector<WindowAmount>& windows) {
  if (windows.empty()) return;
  Query query(
      connection.prepared("DELETE FROM windows WHERE scope = ? AND subject = ? AND metric = ? AND "
                          "period = ? AND cycle_start = ?"));
  for (const auto& amount : windows) {
    query.add(domain::scope_name(amount.window.scope))
        .add(amount.window.subject)
        .add(domain::metric_name(amount.window.metric))
        .add(domain::period_name(amount.window.period))
        .add(amount.cycle_start);
    query.run_again();
  }
}

WindowAmount read_window(Query& row) {
  WindowAmount amount;
  const auto scope = row.text();
  amount.window.scope = known(domain::scope_from_name(scope), "scope", scope);
  amount.window.subject = row.text();
  const auto metric = row.text();
  amount.window.metric = known(domain::metric_from_name(metric), "metric", metric);
  amount.window.period = read_period(row);
  amount.cycle_start = row.time();
  amount.cycle_end = row.time();
  amount.spent = row.integer();
  return amount;
}

void SqliteLedger::apply(const LedgerBatch& batch) {
  translating(writer_.file(), [&] {
    Transaction transaction(writer_, Transaction::Kind::write);
    write(batch);
    transaction.commit();
  });
}

void SqliteLedger::write(const LedgerBatch& batch) {
  write_rows(writer_, batch.rows);
  write_parents(writer_, batch.rows);
  drop_windows(writer_, batch.dropped_windows);
  write_windows(writer_, batch.windows);
  write_rollups(writer_, batch.rollups);
  write_last_use(writer_, batch.last_used);
  write_responses(writer_, batch.responses);
  for (const auto& entry : batch.audit) record(writer_, entry);
  Query(writer_.prepared("UPDATE meta SET value = ? WHERE name = 'journal_position'"))
      .add(static_cast<std::int64_t>(batch.journal_position))
      .run();
}

LedgerState SqliteLedger::load(Timestamp now) {
  return translating(writer_.file(), [&] {
    Transaction transaction(writer_, Transaction::Kind::snapshot);
    LedgerState state;
    {
      Query row(writer_.prepared("SELECT value FROM meta WHERE name = 'journal_position'"));
      if (row.step()) state.journal_position = static_cast<std::uint64_t>(row.integer());
    }
    {
      Query row(writer_.prepared("SELECT max(id) FROM requests"));
      if (row.step()) state.last_request.value = row.maybe_integer().value_or(0);
    }
    {
      Query row(writer_.prepared(
          "SELECT " + std::string(kWindowColumns) +
          " FROM windows "
          "WHERE cycle_end > ? ORDER BY scope, subject, metric, period, cycle_start"));
      row.add(now);
      while (row.step()) state.windows.push_back(read_window(row));
    }
    Query row(writer_.prepared("SELECT " + request_columns() +
                               " FROM requests WHERE status = 'running' ORDER BY id"));
    while (row.step()) state.running.push_back(read_row(row));
    return state;
  });
}

std::int64_t SqliteLedger::spent_between(domain::Scope scope,
                                         const std::string& subject,
                                         domain::Metric metric,
                                         Timestamp from,
                                         Timestamp to) {
  const bool open_end = to == Timestamp::max();
  const bool in_quarters = is_quarter(from) && (open_end || is_quarter(to));
  return readers_.read([&](Connection& connection) {
    const auto amount = amount_column(metric);
    if (in_quarters) return used_between(connection, scope, subject, amount, from, to);
    // An id is never earlier than its row's time, so ids bound the range from below; from above,
    // only the time itself says where it ends.
    Query row(connection.prepared("SELECT sum(" + amount +
                                  ") FROM requests WHERE id >= ?4 AND time >= ?1 AND time < ?2 "
                                  "AND status <> 'running' AND " +
                                  of_subject(scope, "?3")));
    row.add(from).add(to).add(subject).add(first_id_at(from));
    row.step();
    return row.maybe_integer().value_or(0);
  });
}

std::int64_t SqliteLedger::forgiven_between(domain::Scope scope,
                                            const std::string& subject,
                                            domain::Metric metric,
                                            Timestamp from,
                                            Timestamp to) {
  return readers_.read([&](Connection& connection) {
    return sqlite::forgiven_between(connection, scope, subject, metric, from, to);
  });
}

VerifyReport SqliteLedger::verify() {
  const LongRead reading;
  return readers_.read([](Connection& connection) { return verify_ledger(connection); });
}

std::vector<domain::RequestId> SqliteLedger::open_rows() {
  return readers_.read([](Connection& connection) {
    Query row(connection.prepared("SELECT id FROM requests WHERE status = 'running' ORDER BY id"));
    std::vector<domain::RequestId> ids;
    while (row.step()) ids.push_back({row.integer()});
    return ids;
  });
}

std::optional<StoredResponse> SqliteLedger::find_response(const std::string& id) {
  return readers_.read(
      [&](Connection& connection) { return sqlite::find_response(connection, id); });
}

void SqliteLedger::forget_response(const std::string& id) {
  control_.transaction([&](Connection& connection) { delete_response(connection, id); });
}

std::int64_t SqliteLedger::retire_responses(Timestamp before) {
  std::int64_t retired = 0;
  control_.transaction(
      [&](Connection& connection) { retired = delete_old_responses(connection, before); });
  return retired;
}

}  // namespace nufi::store::sqlite
