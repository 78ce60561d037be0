#include "lib/store/sqlite/migrations.hpp"

#include "lib/base/log.hpp"
#include "lib/store/sqlite/file.hpp"

#include <SQLiteCpp/Backup.h>
#include <sqlite3.h>

#include <string>

namespace nufi::store::sqlite {
namespace {

/// "nufi" in the file's header says whose database it is.
constexpr int kApplicationId = 0x6e756669;

int number_of(SQLite::Database& database, const char* sql) {
  return database.execAndGet(sql).getInt();
}

/// The version of our schema, 0 for an empty file. Throws Error{unavailable} for anything else.
int version_of(SQLite::Database& database, const std::filesystem::path& file, int newest) {
  const auto name = file.string();
  const int version = number_of(database, "PRAGMA user_version");
  const int owner = number_of(database, "PRAGMA application_id");
  const bool is_empty = number_of(database, "SELECT count(*) FROM sqlite_schema") == 0;
  if (is_empty && version == 0 && owner == 0) return 0;
  if (owner != kApplicationId) {
    throw Error(Errc::unavailable,
                name + " is a database of another program",
                "choose another folder with --data-dir");
  }
  if (version > newest) {
    throw Error(Errc::unavailable,
                name + " was written by a newer nufid (schema " + std::to_string(version) +
                    ", this one knows " + std::to_string(newest) + ")",
                "install that nufid again, or restore a backup of the database");
  }
  return version;
}

/// A finished copy appears under its name at once or not at all.
void keep_copy(Connection& connection, int version) {
  auto copy = connection.file();
  copy += ".schema-" + std::to_string(version);
  auto unfinished = copy;
  unfinished += ".part";
  std::filesystem::remove(unfinished);
  make_private(unfinished);
  {
    SQLite::Database target(unfinished.string(), SQLite::OPEN_READWRITE);
    SQLite::Backup backup(target, connection.database());
    backup.executeStep(/*aNumPage=*/-1);
  }
  rename_durably(unfinished, copy);
  log::info("database copied before its schema changes", {{"copy", copy.string()}});
}

void apply(Connection& connection, const Migration& migration) {
  Transaction transaction(connection, Transaction::Kind::write);
  auto& database = connection.database();
  database.exec(std::string(migration.sql));
  // A pragma takes no parameters.
  database.exec("PRAGMA application_id = " + std::to_string(kApplicationId));
  database.exec("PRAGMA user_version = " + std::to_string(migration.number));
  transaction.commit();
  log::debug("database schema changed", {{"migration", migration.name}});
}

}  // namespace

int known_version(SQLite::Database& database, const std::filesystem::path& file) {
  const int version = version_of(database, file, all_migrations().back().number);
  if (version == 0) {
    throw Error(Errc::unavailable, file.string() + " is an empty database", "use another backup");
  }
  return version;
}

int migrate(Connection& connection, std::span<const Migration> migrations) {
  const int newest = migrations.back().number;
  auto& database = connection.database();
  const int version = version_of(database, connection.file(), newest);
  if (sqlite3_db_readonly(database.getHandle(), "main") != 0) {
    throw Error(Errc::unavailable,
                connection.file().string() + " is read-only",
                "check its owner and rights and those of its folder");
  }
  database.execAndGet("PRAGMA journal_mode = WAL");
  if (version > 0 && version < newest) keep_copy(connection, version);
  for (const auto& migration : migrations) {
    if (migration.number > version) apply(connection, migration);
  }
  return newest;
}

}  // namespace nufi::store::sqlite
