#include "lib/store/sqlite/audit.hpp"

#include <algorithm>

namespace nufi::store::sqlite {
namespace {

AuditEntry read_entry(Query& row) {
  AuditEntry entry;
  entry.time = row.time();
  entry.actor = row.text();
  entry.uid = row.integer();
  entry.action = row.text();
  entry.subject = row.text();
  entry.before = row.text();
  entry.after = row.text();
  return entry;
}

}  // namespace

void record(Connection& connection, const AuditEntry& entry) {
  Query(connection.prepared("INSERT INTO audit (time, actor, uid, action, subject, before, after) "
                            "VALUES (?, ?, ?, ?, ?, ?, ?)"))
      .add(entry.time)
      .add(entry.actor)
      .add(entry.uid)
      .add(entry.action)
      .add(entry.subject)
      .add(entry.before)
      .add(entry.after)
      .run();
}

std::vector<AuditEntry> SqliteAuditLog::newest(std::int64_t limit) {
  return readers_.read([&](Connection& connection) {
    Query row(
        connection.prepared("SELECT time, actor, uid, action, subject, before, after "
                            "FROM audit ORDER BY id DESC LIMIT ?"));
    row.add(std::max<std::int64_t>(limit, 0));
    std::vector<AuditEntry> entries;
    while (row.step()) entries.push_back(read_entry(row));
    return entries;
  });
}

}  // namespace nufi::store::sqlite
