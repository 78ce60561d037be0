#include "lib/store/store.hpp"
#include "tests/lib/store/sqlite/database.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <ios>
#include <string>

namespace nufi::store::sqlite {
namespace {

constexpr std::chrono::seconds kPatience{20};

/// A database of some pages beyond the schema's, all of them in its file.
void fill(Database& database) {
  database.store();
  database.plant("CREATE TABLE extra (id INTEGER PRIMARY KEY, word TEXT)");
  database.plant(
      "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
      "INSERT INTO extra SELECT i, 'word ' || i FROM n");
  database.plant("CREATE INDEX extra_word ON extra (word)");
  database.close();
}

}  // namespace

TEST_CASE("integrity: a whole database has no faults") {
  Database database;
  fill(database);

  const auto found = database.store().check_integrity(kPatience);

  CHECK(found.is_complete);
  CHECK(found.faults.empty());
}

TEST_CASE("integrity: a page that was written over is found") {
  Database database;
  fill(database);
  {
    constexpr int kPage = 4096;
    std::fstream raw(database.file(), std::ios::in | std::ios::out | std::ios::binary);
    raw.seekp(-20 * kPage, std::ios::end);
    raw << std::string(kPage, '\x7f');
  }

  CHECK_FALSE(database.store().check_integrity(kPatience).faults.empty());
}

TEST_CASE("integrity: it ends when its time is over, and says that it did not see all") {
  Database database;
  fill(database);

  const auto found = database.store().check_integrity(std::chrono::milliseconds(0));

  CHECK_FALSE(found.is_complete);
  CHECK(found.faults.empty());
}

}  // namespace nufi::store::sqlite
