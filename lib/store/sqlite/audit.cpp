#include "lib/store/sqlite/audit.hpp"

#include <algorithm>
#include <limits>

namespace nufi::store::sqlite {
namespace {

AuditEntry read_entry(Query& row) {
  AuditEntry entry;
  entry.id = row.integer();
  entry.time = row.time();
  entry.actor = row.text();
  entry.uid = row.integer();
  entry.action = row.text();
  entry.subject = row.text();
  entry.before = row.text();
  entry.after = row.text();
  entry.username = row.text();
  entry.subject_name = row.text();
  entry.via = row.text();
  return entry;
}

}  // namespace

void record(Connection& connection, const AuditEntry& entry) {
  Query(connection.prepared("INSERT INTO audit (time, actor, uid, action, subject, before, after, "
                            "username, subject_name, via) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
      .add(entry.time)
      .add(entry.actor)
      .add(entry.uid)
      .add(entry.action)
      .add(entry.subject)
      .add(entry.before)
      .add(entry.after)
      .add(entry.username)
      .add(entry.subject_name)
      .add(entry.via)
      .run();
}

std::vector<AuditEntry> SqliteAuditLog::newest(std::int64_t limit, std::int64_t before) {
  constexpr std::int64_t kNewest = std::numeric_limits<std::int64_t>::max();
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(
        "SELECT id, time, actor, uid, action, subject, before, after, username, subject_name, "
        "via FROM audit WHERE id < ? ORDER BY id DESC LIMIT ?"));
    row.add(before > 0 ? before : kNewest).add(std::max<std::int64_t>(limit, 0));
    std::vector<AuditEntry> entries;
    while (row.step()) entries.push_back(read_entry(row));
    return entries;
  });
}

}  // namespace nufi::store::sqlite
