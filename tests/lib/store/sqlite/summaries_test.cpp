#include "lib/store/sqlite/summaries.hpp"

#include "lib/store/sqlite/migrations.hpp"
#include "tests/lib/store/sqlite/database.hpp"
#include "tests/store_contract/examples.hpp"

#include <doctest/doctest.h>

#include <sstream>

namespace nufi::store::sqlite {
namespace {

using namespace examples;
using namespace std::chrono_literals;

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

/// "15:10:00-11:00 …": span, from and to.
std::string line(const std::vector<Piece>& pieces) {
  const auto minutes = [](Timestamp time) {
    return std::to_string((time - morning()) / std::chrono::minutes(1));
  };
  std::string text;
  for (const Piece& piece : pieces) {
    text += (text.empty() ? "" : " ") + std::to_string(piece.span.count()) + ":" +
            minutes(piece.from) + "-" + minutes(piece.to);
  }
  return text;
}

}  // namespace

TEST_CASE("summaries: a range is read in the longest spans that fit") {
  const auto ten = morning();  // of a day that ends in 14 h = 840 minutes
  CHECK(line(pieces_of({ten}, ten + 15min)) == "15:0-15");
  CHECK(line(pieces_of({ten}, ten + 75min)) == "60:0-60 15:60-75");
  CHECK(line(pieces_of({ten + 45min}, ten + 75min)) == "15:45-75");
  CHECK(line(pieces_of({ten - 15min}, ten + 62h + 15min)) ==
        "15:-15-0 60:0-840 1440:840-3720 15:3720-3735");
  CHECK(line(pieces_of({ten}, ten)).empty());
}

TEST_CASE("summaries: neighbours of one span are one piece, an interval has its own spans") {
  const auto midnight = morning() + 14h;
  CHECK(line(pieces_of({midnight, midnight + 24h}, midnight + 48h)) == "1440:840-3720");
  CHECK(line(pieces_of({midnight - 2h, midnight + 22h}, midnight + 46h)) == "60:720-3600");
  CHECK(line(pieces_of({midnight - 30min, midnight + 23h + 30min}, midnight + 24h)) ==
        "15:810-840 60:840-2220 15:2220-2280");
}

TEST_CASE("verify: a summary that was changed, deleted or made up is found") {
  Database database;
  fill(database);

  SUBCASE("changed") {
    database.plant("UPDATE usage_totals SET refused = 4 WHERE scope = 'key' AND span = 1440");
    const auto found = faults(database);
    REQUIRE(found.size() == 1);
    CHECK(found[0] ==
          "usage_totals of key_1, 1440 minutes from 2026-08-01T00:00:00Z: counts 2 requests, 0 "
          "errors, 4 refused, cost 1.25, 20 + 10 tokens; its rollups sum to 2 requests, 0 errors, "
          "0 refused, cost 1.25, 20 + 10 tokens");
  }
  SUBCASE("deleted") {
    database.plant("DELETE FROM usage_details WHERE span = 60");
    const auto found = faults(database);
    REQUIRE(found.size() == 1);
    CHECK(
        found[0].starts_with("usage_details of key_1 gpt-4o at openai, 60 minutes from "
                             "2026-08-01T10:00:00Z: counts 0 requests"));
  }
  SUBCASE("made up") {
    database.plant("UPDATE usage_kinds SET model = 'gpt-5' WHERE span = 1440");
    const auto found = faults(database);
    REQUIRE(found.size() == 2);
    CHECK(found[1] == "usage_kinds: 1 of its sums have no rollups");
  }
}

TEST_CASE("summaries: a database from before has them after its migration") {
  Database database;
  fill(database);
  database.close();
  const auto rows = database.number("SELECT sum(requests * span + cost) FROM usage_totals");

  const std::string sql = std::string(all_migrations()[4].sql);
  std::string drops;
  for (std::size_t at = 0; (at = sql.find("\nCREATE ", at)) != std::string::npos; ++at) {
    std::istringstream words(sql.substr(at + 8, 100));
    std::string kind;
    std::string name;
    words >> kind >> name;
    if (kind != "TEMP") drops += "DROP " + kind + " IF EXISTS " + name + ";";
  }
  database.plant(drops + sql);
  CHECK(faults(database).empty());
  CHECK(database.number("SELECT sum(requests * span + cost) FROM usage_totals") == rows);
}

}  // namespace nufi::store::sqlite
