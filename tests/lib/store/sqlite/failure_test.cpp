#include "lib/store/sqlite/failure.hpp"

#include "lib/store/sqlite/ledger.hpp"
#include "tests/lib/store/sqlite/database.hpp"
#include "tests/store_contract/examples.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>

namespace nufi::store::sqlite {
namespace {

using namespace examples;

std::vector<domain::LedgerRow> many_rows(int count) {
  std::vector<domain::LedgerRow> rows;
  for (int i = 0; i < count; ++i) rows.push_back(row(key("key_1", "laptop"), i, 1));
  return rows;
}

}  // namespace

TEST_CASE("failure: a full disk refuses the whole batch, loses nothing, and is over when it is") {
  Database database;
  database.store().ledger().apply(batch_of(many_rows(3)));
  Connection writer(database.file(), Role::writer, Durability::process);
  Readers readers(database.file());
  Writer control(std::make_unique<Connection>(database.file(), Role::writer, Durability::process));
  SqliteLedger ledger(writer, control, readers);
  auto batch = batch_of(many_rows(500));
  batch.journal_position = 7;

  writer.database().exec("PRAGMA max_page_count = 1");  // SQLite takes it as: no page more
  CHECK(error_of([&] { ledger.apply(batch); }) ==
        "unavailable: the database can't be written: the disk is full");

  CHECK(database.number("SELECT count(*) FROM requests") == 3);
  CHECK(ledger.load(morning()).journal_position == 0);
  CHECK(ledger.verify().faults.empty());
  writer.database().exec("PRAGMA max_page_count = 100000");
  ledger.apply(batch);
  CHECK(database.number("SELECT count(*) FROM requests") == 503);
  CHECK(ledger.load(morning()).journal_position == 7);
}

TEST_CASE("failure: a database that is locked for longer than we wait is unavailable") {
  Database database;
  database.store();
  Connection ours(database.file(), Role::writer, Durability::process);
  ours.database().setBusyTimeout(0);
  Readers readers(database.file());
  Writer control(std::make_unique<Connection>(database.file(), Role::writer, Durability::process));
  SqliteLedger ledger(ours, control, readers);
  SQLite::Database other(database.file().string(), SQLite::OPEN_READWRITE);
  other.exec("BEGIN IMMEDIATE");

  CHECK(error_of([&] { ledger.apply({}); }) ==
        "unavailable: the database is locked by another process");

  other.exec("ROLLBACK");
  CHECK(error_of([&] { ledger.apply({}); }).empty());
}

TEST_CASE("failure: a reader can't write") {
  Database database;
  database.store();
  Readers readers(database.file());

  CHECK(error_of([&] {
          readers.read([](Connection& connection) {
            return Query(connection.prepared("DELETE FROM groups")).run();
          });
        }) == "unavailable: the database can't be written: it is read-only");
}

TEST_CASE("failure: each kind has its words, and a hint where something can be done") {
  const auto error = [](int code) { return to_error(SQLite::Exception("x", code), "/data/n.db"); };

  for (int code : {SQLITE_FULL,
                   SQLITE_READONLY,
                   SQLITE_CORRUPT,
                   SQLITE_NOTADB,
                   SQLITE_BUSY,
                   SQLITE_LOCKED,
                   SQLITE_PERM,
                   SQLITE_CANTOPEN,
                   SQLITE_IOERR,
                   SQLITE_IOERR_WRITE}) {
    CHECK(error(code).code() == Errc::unavailable);
    CHECK(error(code).hint().find("/data/n.db") != std::string::npos);
  }
  CHECK(error(SQLITE_NOMEM).code() == Errc::unavailable);
  CHECK(error(SQLITE_CONSTRAINT).code() == Errc::conflict);
}

TEST_CASE("failure: text that is not UTF-8 in a list is refused") {
  Database database;
  add_people(database.store());
  auto broken = key("key_1", "laptop");
  broken.allowed_models = {"\xff"};

  CHECK(error_of([&] { database.store().keys().insert(broken, audit("key.create")); }) ==
        "invalid: a text is not valid UTF-8");
}

}  // namespace nufi::store::sqlite
