#include "lib/store/sqlite/settings.hpp"

#include "lib/store/sqlite/audit.hpp"

#include <utility>

namespace nufi::store::sqlite {

void SqliteSettings::set(std::string_view name, std::string_view value, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query(connection.prepared("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)"))
        .add(name)
        .add(value)
        .run();
    record(connection, audit);
  });
}

void SqliteSettings::unset(std::string_view name, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query(connection.prepared("DELETE FROM settings WHERE name = ?")).add(name).run();
    record(connection, audit);
  });
}

std::map<std::string, std::string> SqliteSettings::all() {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared("SELECT name, value FROM settings"));
    std::map<std::string, std::string> settings;
    while (row.step()) {
      auto name = row.text();
      settings.emplace(std::move(name), row.text());
    }
    return settings;
  });
}

}  // namespace nufi::store::sqlite
