#include "lib/store/sqlite/forgiven.hpp"

#include "lib/store/sqlite/requests.hpp"

#include <optional>

namespace nufi::store::sqlite {
namespace {

/// The time of the last reset.
std::optional<Timestamp> reset_time(Connection& connection,
                                    domain::Scope scope,
                                    const std::string& subject,
                                    domain::Metric metric) {
  Query row(connection.prepared(
      "SELECT time FROM forgiven WHERE scope = ? AND subject = ? AND metric = ?"));
  row.add(domain::scope_name(scope)).add(subject).add(domain::metric_name(metric));
  if (!row.step()) return std::nullopt;
  return row.time();
}

}  // namespace

/// What the column of one metric is summed from, the same in requests and rollups.
std::string amount_column(domain::Metric metric) {
  switch (metric) {
    case domain::Metric::usd:
      return "cost";
    case domain::Metric::tokens:
      break;
  }
  std::string sum;
  for (auto bucket : domain::kBuckets) {
    sum += (sum.empty() ? "tokens_" : " + tokens_") + std::string(domain::bucket_name(bucket));
  }
  return sum;
}

std::string of_subject(domain::Scope scope, const std::string& parameter) {
  switch (scope) {
    case domain::Scope::key:
      break;
    case domain::Scope::project:
      return "project_id = " + parameter;
    case domain::Scope::account:
      return "account_id = " + parameter;
  }
  return "key_id IN (" + family(parameter) + ")";
}

std::string family(const std::string& parameter) {
  return "SELECT " + parameter +
         " UNION ALL SELECT key_id FROM key_parents WHERE parent_id = " + parameter;
}

void note_reset(Connection& connection, const domain::WindowId& window, Timestamp now) {
  Query query(connection.prepared(
      "INSERT OR REPLACE INTO forgiven (scope, subject, metric, time, up_to, open) "
      "SELECT ?1, ?2, ?3, ?4, (SELECT coalesce(max(id), 0) FROM requests), "
      "(SELECT json_group_array(id) FROM requests INDEXED BY requests_running WHERE "
      "status = 'running' AND " +
      of_subject(window.scope, "?2") + ")"));
  query.add(domain::scope_name(window.scope))
      .add(window.subject)
      .add(domain::metric_name(window.metric))
      .add(now);
  query.run();
}

bool is_forgiven(Connection& connection,
                 domain::Scope scope,
                 const std::string& subject,
                 domain::RequestId call,
                 const domain::Cycle& cycle) {
  Query row(connection.prepared(
      "SELECT 1 FROM forgiven WHERE scope = ?1 AND subject = ?2 AND metric = 'usd' AND "
      "time >= ?3 AND time < ?4 AND up_to >= ?5 AND ?5 NOT IN (SELECT value FROM "
      "json_each(open))"));
  row.add(domain::scope_name(scope)).add(subject).add(cycle.start).add(cycle.end).add(call.value);
  return row.step();
}

std::int64_t forgiven_between(Connection& connection,
                              domain::Scope scope,
                              const std::string& subject,
                              domain::Metric metric,
                              Timestamp from,
                              Timestamp to) {
  const auto reset = reset_time(connection, scope, subject, metric);
  if (!reset || *reset < from || *reset >= to) return 0;
  // Rows that are gone by age are not forgiven a second time: which of them were in flight at the
  // reset is not known any more, and a limit must not err to the other side.
  Query row(connection.prepared(
      "SELECT sum(" + amount_column(metric) +
      ") FROM requests JOIN forgiven ON scope = ?1 AND subject = ?2 AND "
      "metric = ?3 WHERE id >= ?4 AND id <= up_to AND requests.time >= ?5 AND "
      "requests.time < ?6 AND status <> 'running' AND " +
      of_subject(scope, "?2") + " AND id NOT IN (SELECT value FROM json_each(forgiven.open))"));
  row.add(domain::scope_name(scope))
      .add(subject)
      .add(domain::metric_name(metric))
      .add(first_id_at(from))
      .add(from)
      .add(to);
  row.step();
  return row.maybe_integer().value_or(0);
}

}  // namespace nufi::store::sqlite
