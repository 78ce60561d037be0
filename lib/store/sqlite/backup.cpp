// A copy is read through a connection of its own that stays at one moment: it is whole however much
// is written meanwhile, and no writer waits for it.

#include "lib/store/sqlite/backup.hpp"

#include "lib/store/sqlite/connection.hpp"
#include "lib/store/sqlite/file.hpp"
#include "lib/store/sqlite/migrations.hpp"

#include <SQLiteCpp/Backup.h>
#include <sqlite3.h>

#include <string>
#include <system_error>

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

}  // namespace nufi::store::sqlite
