#include "lib/store/sqlite/migrations.hpp"

#include "lib/store/sqlite/file.hpp"
#include "tests/lib/store/sqlite/database.hpp"
#include "tests/store_contract/examples.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace nufi::store::sqlite {
namespace {

constexpr Migration kSteps[] = {
    {1, "0001_a", "CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);"},
    {2, "0002_b", "ALTER TABLE a ADD COLUMN y INTEGER; UPDATE a SET y = x + 1;"},
    {3, "0003_c", "CREATE TABLE c (x INTEGER) STRICT; not sql;"},
};

int migrate_to(const Database& database, int version) {
  make_private(database.file());
  Connection connection(database.file(), Role::writer, Durability::process);
  return migrate(connection, std::span(kSteps).first(static_cast<std::size_t>(version)));
}

}  // namespace

TEST_CASE("migrations: are numbered without gaps, and a new database has them all") {
  int number = 0;
  for (const auto& migration : all_migrations()) CHECK(migration.number == ++number);
  Database database;

  CHECK(database.store().schema_version() == number);
  database.reopen();
  CHECK(database.store().schema_version() == number);
  CHECK(database.number("PRAGMA user_version") == number);
}

TEST_CASE("migrations: an older database is copied beside itself, then brought up to date") {
  Database database;
  migrate_to(database, 1);
  auto copy = database.file();
  copy += ".schema-1";
  CHECK_FALSE(std::filesystem::exists(copy));

  CHECK(migrate_to(database, 2) == 2);

  CHECK(database.number("SELECT y FROM a") == 2);
  CHECK((std::filesystem::status(copy).permissions() & std::filesystem::perms::all) ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  std::filesystem::rename(copy, database.file());
  CHECK(database.number("PRAGMA user_version") == 1);
  CHECK(database.number("SELECT x FROM a") == 1);
}

TEST_CASE("migrations: one that fails leaves the database as it was") {
  Database database;
  migrate_to(database, 2);

  CHECK_THROWS_AS(migrate_to(database, 3), SQLite::Exception);

  CHECK(database.number("PRAGMA user_version") == 2);
  CHECK(database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'c'") == 0);
}

TEST_CASE("migrations: a newer schema is refused by name and left alone") {
  Database database;
  database.store();
  database.close();
  database.plant("PRAGMA user_version = 999");

  const auto error = examples::error_of([&] { database.store(); });

  CHECK(error == "unavailable: " + database.file().string() +
                     " was written by a newer nufid (schema 999, this one knows " +
                     std::to_string(all_migrations().back().number) + ")");
  CHECK(database.number("PRAGMA user_version") == 999);
}

TEST_CASE("migrations: a database of another program is refused and left alone") {
  Database database;
  database.plant("CREATE TABLE theirs (x)");

  CHECK(examples::error_of([&] { database.store(); }) ==
        "unavailable: " + database.file().string() + " is a database of another program");

  CHECK(database.number("SELECT count(*) FROM sqlite_schema") == 1);
}

TEST_CASE("migrations: a file that is no database is refused and left alone") {
  Database database;
  const std::string text(8192, 'x');
  std::ofstream(database.file()) << text;

  CHECK(examples::error_of([&] { database.store(); }) ==
        "unavailable: the database is damaged: file is not a database");

  std::ifstream in(database.file());
  CHECK(std::string(std::istreambuf_iterator<char>(in), {}) == text);
}

TEST_CASE("migrations: a database cut short is refused") {
  Database database;
  examples::add_people(database.store());
  database.close();
  std::filesystem::resize_file(database.file(), std::filesystem::file_size(database.file()) / 2);

  CHECK(examples::error_of([&] { database.store(); }) ==
        "unavailable: the database is damaged: database disk image is malformed");
}

}  // namespace nufi::store::sqlite
