#include "lib/store/sqlite/connection.hpp"
#include "tests/lib/store/sqlite/database.hpp"
#include "tests/store_contract/examples.hpp"

#include <doctest/doctest.h>

namespace nufi::store::sqlite {

using namespace examples;

TEST_CASE("store: the log is folded back and stays small however much is written") {
  Database database;
  auto& ledger = database.store().ledger();
  std::uintmax_t most = 0;
  auto log = database.file();
  log += "-wal";

  for (int i = 0; i < 200; ++i) {
    std::vector<domain::LedgerRow> rows;
    for (int j = 0; j < 200; ++j) rows.push_back(row(key("key_1", "laptop"), i, 1));
    LedgerBatch batch;
    batch.rows = rows;
    ledger.apply(batch);
    most = std::max(most, std::filesystem::file_size(log));
  }

  CHECK(database.number("SELECT count(*) FROM requests") == 40'000);
  CHECK(std::filesystem::file_size(database.file()) > 4'000'000);
  CHECK(most < 12'000'000);
}

TEST_CASE("store: what a closed store leaves is one file") {
  Database database;
  add_people(database.store());
  database.store().people().accounts();

  database.close();

  CHECK(std::filesystem::exists(database.file()));
  CHECK_FALSE(std::filesystem::exists(database.file().string() + "-wal"));
}

TEST_CASE("store: durability `power` syncs each commit, `process` does not") {
  Database database;
  database.store();
  const auto synchronous = [&](Durability durability) {
    Connection connection(database.file(), Role::writer, durability);
    return connection.database().execAndGet("PRAGMA synchronous").getInt();
  };

  CHECK(synchronous(Durability::power) == 2);
  CHECK(synchronous(Durability::process) == 1);
}

}  // namespace nufi::store::sqlite
