// A copy is read through a connection of its own that stays at one moment: it is whole however much
// is written meanwhile, and no writer waits for it.

#include "lib/store/sqlite/backup.hpp"

#include "lib/store/sqlite/connection.hpp"
#include "lib/store/sqlite/file.hpp"
#include "lib/store/sqlite/migrations.hpp"

#include <SQLiteCpp/Backup.h>
#include <sqlite3.h>

#include <set>
#include <string>
#include <system_error>
#include <utility>

namespace nufi::store::sqlite {
namespace {

/// Pages (of 4 KiB) between two words about the progress.
constexpr int kPagesAtOnce = 512;

/// True if all was copied.
bool copy_pages(Connection& source, SQLite::Database& target, const Store::CopyProgress& progress) {
  SQLite::Backup backup(target, source.database());
  while (backup.executeStep(kPagesAtOnce) != SQLITE_DONE) {
    const std::int64_t total = backup.getTotalPageCount();
    if (!progress(total - backup.getRemainingPageCount(), total)) return false;
  }
  return true;
}

std::int64_t count(SQLite::Database& database, const char* sql) {
  return database.execAndGet(sql).getInt64();
}

/// What a schema is made of; not the statistics that SQLite keeps by itself.
using Schema = std::set<std::pair<std::string, std::string>>;

Schema schema_of(SQLite::Database& database) {
  Schema schema;
  SQLite::Statement row(database,
                        "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
                        "AND NOT (type = 'table' AND name GLOB 'sqlite_stat[134]')");
  while (row.executeStep()) {
    schema.emplace(row.getColumn(0).getString(), row.getColumn(1).getString());
  }
  return schema;
}

/// What we would not have made could do anything: a trigger runs with our rights.
void check_schema(SQLite::Database& database, int version, const std::filesystem::path& file) {
  SQLite::Database fresh(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  for (const auto& migration : all_migrations()) {
    if (migration.number <= version) fresh.exec(std::string(migration.sql));
  }
  const auto ours = schema_of(fresh);
  const auto theirs = schema_of(database);
  const auto refuse = [&](const Schema& from, const Schema& other, const std::string& problem) {
    for (const auto& each : from) {
      if (other.contains(each)) continue;
      throw Error(Errc::invalid,
                  file.string() + problem + each.first,
                  "use a backup as nufi backup made it");
    }
  };
  refuse(theirs, ours, " has a foreign or changed ");
  refuse(ours, theirs, " lacks the ");
}

}  // namespace

bool copy_database(const std::filesystem::path& from,
                   const std::filesystem::path& to,
                   const Store::CopyProgress& progress) {
  make_private(to);
  const bool is_whole = translating(to, [&] {
    const LongRead reading;
    Connection source(from, Role::reader, Durability::process);
    const Transaction moment(source, Transaction::Kind::snapshot);
    // The moment begins with the first read.
    Query(source.prepared("SELECT count(*) FROM sqlite_schema")).step();
    SQLite::Database target(to.string(), SQLite::OPEN_READWRITE);
    if (!copy_pages(source, target, progress)) return false;
    // A copy is one file, with no log beside it.
    target.execAndGet("PRAGMA journal_mode = DELETE");
    return true;
  });
  if (!is_whole) std::filesystem::remove(to);
  return is_whole;
}

BackupFacts inspect(const std::filesystem::path& file) {
  try {
    SQLite::Database database(file.string(), SQLite::OPEN_READONLY);
    BackupFacts facts;
    facts.schema_version = known_version(database, file);
    const std::string health = database.execAndGet("PRAGMA integrity_check(1)").getString();
    if (health != "ok") {
      throw Error(Errc::invalid, file.string() + " is damaged: " + health, "use another backup");
    }
    check_schema(database, facts.schema_version, file);
    facts.requests = count(database, "SELECT count(*) FROM requests");
    facts.keys = count(database, "SELECT count(*) FROM keys");
    return facts;
  } catch (const SQLite::Exception& failure) {
    const int code = failure.getErrorCode() & 0xff;
    if (code != SQLITE_NOTADB && code != SQLITE_CORRUPT) throw to_error(failure, file);
    throw Error(Errc::invalid,
                file.string() + " is damaged or no database: " + failure.what(),
                "use another backup");
  }
}

void note_in_backup(const std::filesystem::path& file, const AuditEntry& entry) {
  translating(file, [&] {
    SQLite::Database database(file.string(), SQLite::OPEN_READWRITE);
    // The columns of the first schema: later ones have defaults.
    SQLite::Statement insert(database,
                             "INSERT INTO audit (time, actor, uid, action, subject, before, after) "
                             "VALUES (?, ?, ?, ?, ?, ?, ?)");
    insert.bind(1, static_cast<std::int64_t>(entry.time.time_since_epoch().count()));
    insert.bind(2, entry.actor);
    insert.bind(3, entry.uid);
    insert.bind(4, entry.action);
    insert.bind(5, entry.subject);
    insert.bind(6, entry.before);
    insert.bind(7, entry.after);
    insert.exec();
  });
}

}  // namespace nufi::store::sqlite
