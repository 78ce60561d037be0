#include "lib/store/sqlite/verify.hpp"

#include "tests/lib/store/sqlite/database.hpp"
#include "tests/store_contract/examples.hpp"

#include <doctest/doctest.h>

#include <fstream>

namespace nufi::store::sqlite {
namespace {

using namespace examples;

std::vector<std::string> faults(Database& database) {
  std::vector<std::string> list;
  for (const auto& fault : database.store().ledger().verify().faults) list.push_back(fault.what);
  return list;
}

void fill(Database& database) {
  const auto laptop = key("key_1", "laptop");
  database.store().ledger().apply(
      batch_of({row(laptop, 0, 1'000'000'000), row(laptop, 20, 250'000'000)}));
}

}  // namespace

TEST_CASE("verify: a row that was deleted is found") {
  Database database;
  fill(database);

  database.plant("DELETE FROM requests WHERE cost = 250000000");

  const auto found = faults(database);
  REQUIRE(found.size() >= 1);
  CHECK(found[0] ==
        "rollup 2026-08-01T10:15:00Z key_1 gpt-4o at openai: counts 1 requests, 0 errors, cost "
        "0.25 (upstream 0.25), 10 + 5 tokens; its rows sum to 0 requests, 0 errors, cost 0 "
        "(upstream 0), 0 + 0 tokens");
}

TEST_CASE("verify: a rollup that was changed is found, and the windows it no longer explains") {
  Database database;
  fill(database);

  database.plant("UPDATE rollups SET cost = cost + 1 WHERE cost = 250000000");

  // The rollup, and month and total of key, project and account.
  CHECK(faults(database).size() == 7);
}

TEST_CASE("verify: a rollup that was deleted is found") {
  Database database;
  fill(database);

  database.plant("DELETE FROM rollups WHERE cost = 250000000");

  const auto found = faults(database);
  REQUIRE(found.size() >= 1);
  CHECK(found[0].find("counts 0 requests") != std::string::npos);
}

TEST_CASE("verify: a window that was changed is found, its adjustment counts") {
  Database database;
  fill(database);

  database.plant(
      "UPDATE windows SET spent = 7 WHERE scope = 'key' AND metric = 'tokens' "
      "AND period = 'total'");
  CHECK(faults(database) ==
        std::vector<std::string>{"window key_1 tokens total: spent 7 tokens, rows sum to 30 "
                                 "tokens"});

  database.plant(
      "UPDATE windows SET adjustment = -23 WHERE scope = 'key' AND metric = 'tokens' "
      "AND period = 'total'");
  CHECK(faults(database).empty());
}

TEST_CASE("verify: a rollup that counts what never was is found") {
  Database database;
  fill(database);

  database.plant(
      "INSERT INTO rollups SELECT bucket + 900000, account_id, project_id, key_id, group_name, "
      "'gpt-5', upstream, 1, 0, 0, 0, 0, "
      "0, 0, 0, 0, 0, 0, 0, 0, 0 FROM rollups LIMIT 1");

  const auto found = faults(database);
  REQUIRE_FALSE(found.empty());
  CHECK(found[0].find("gpt-5 at openai: counts 1 requests") != std::string::npos);
}

TEST_CASE("verify: a row that was changed is found, whatever it was") {
  Database database;
  fill(database);
  const char* change = nullptr;
  SUBCASE("its cost") {
    change = "cost = cost + 1";
  }
  SUBCASE("its upstream's cost") {
    change = "upstream_cost = 0";
  }
  SUBCASE("its tokens") {
    change = "tokens_output = tokens_output + 1";
  }
  SUBCASE("its key") {
    change = "key_id = 'key_2'";
  }
  SUBCASE("its model") {
    change = "model = 'gpt-5'";
  }
  SUBCASE("its time") {
    change = "time = time - 900000";
  }
  SUBCASE("its end") {
    change = "status = 'running'";
  }
  SUBCASE("its success") {
    change = "status = 'upstream_error'";
  }

  database.plant(std::string("UPDATE requests SET ") + change + " WHERE cost = 250000000");

  CHECK_FALSE(faults(database).empty());
}

TEST_CASE("verify: a window that is missing is found where something was used since") {
  Database database;
  fill(database);

  database.plant("DELETE FROM windows WHERE scope = 'project' AND metric = 'usd'");
  CHECK(faults(database) == std::vector<std::string>{"window proj_a usd: none counts what was used "
                                                     "at 2026-08-01T10:20:00Z"});

  database.plant("DELETE FROM windows");
  CHECK(faults(database).size() == 6);
}

TEST_CASE("verify: a window that nobody used is a fault only if it counts") {
  Database database;
  fill(database);
  database.plant(
      "INSERT INTO windows (scope, subject, metric, period, cycle_start, cycle_end, spent) "
      "VALUES ('key', 'key_9', 'usd', 'month', 0, 9000000000000, 0)");
  CHECK(faults(database).empty());

  database.plant("UPDATE windows SET spent = 1 WHERE subject = 'key_9'");
  CHECK(faults(database).size() == 1);
}

TEST_CASE("verify: rows that are gone by age are no fault, what is left of them is checked") {
  Database database;
  fill(database);

  database.plant(
      "DELETE FROM requests WHERE cost = 1000000000;"
      "UPDATE meta SET value = 1785579300000 WHERE name = 'rows_kept_from'");
  CHECK(faults(database).empty());

  database.plant("UPDATE rollups SET requests = 2 WHERE cost = 250000000");
  CHECK(faults(database).size() == 1);
}

TEST_CASE("verify: a damaged file is found") {
  Database database;
  fill(database);
  database.close();
  const auto page = database.number("SELECT rootpage FROM sqlite_schema WHERE name = 'requests'");
  {
    std::fstream file(database.file(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * 4096 + 8);
    file << std::string(64, '\x7f');
  }

  const auto found = faults(database);

  REQUIRE(found.size() >= 1);
  CHECK(found[0].find("the database file is damaged: ") == 0);
}

}  // namespace nufi::store::sqlite
