// What kill -9 leaves is a copy of the data directory at that moment.

#include "lib/base/error.hpp"
#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

namespace nufi::ledger {

using domain::Metric;
using domain::Period;
using domain::RowStatus;
using domain::Scope;
using namespace std::chrono_literals;

TEST_CASE("recovery: open calls cost their hold, settled ones are exact, nothing is doubled") {
  House house;
  const auto payer = key_with(1000);
  house.valve().pause();
  const auto settled = house.hold(ask(payer, 100, 10));
  const auto open = house.hold(ask(payer, 200, 20));
  SUBCASE("nothing was folded") {
    settle(house.ledger(), settled, cost(30, 3));
  }
  SUBCASE("the holds were folded") {
    house.fold();
    settle(house.ledger(), settled, cost(30, 3));
  }
  SUBCASE("all was folded") {
    settle(house.ledger(), settled, cost(30, 3));
    house.fold();
  }
  auto after = house.crash();
  for (int again = 0; again < 2; ++again) {
    CHECK(after->window(key_window(payer)).spent == 230);
    CHECK(after->window(key_window(payer)).held == 0);
    const auto rows = after->rows();
    REQUIRE(rows.size() == 2);
    CHECK(rows[0].id == settled);
    CHECK(rows[0].status == RowStatus::ok);
    CHECK(rows[0].cost == domain::Money::nanos(30));
    CHECK(rows[1].id == open);
    CHECK(rows[1].status == RowStatus::interrupted);
    CHECK(rows[1].cost == domain::Money::nanos(200));
    CHECK(rows[1].basis == domain::CostBasis::held);
    CHECK(rows[1].usage.total() == 20);
    CHECK(after->faults().empty());
    after = after->crash();
  }
}

TEST_CASE("recovery: whose a stored response is, and how often a call was tried, is known again") {
  House house;
  const auto payer = key_with(1000);
  house.valve().pause();
  const auto call = house.hold(ask(payer, 100));
  auto end = cost(30);
  end.upstream = "west";
  end.response_id = "resp_1";
  end.response_upstream = domain::UpstreamId("up_west");
  end.attempts = 2;
  end.tried = {{"east", "http_503", 503, 1500}, {"west", "ok", 200, 250}};
  SUBCASE("it was not folded") {
    settle(house.ledger(), call, end);
  }
  SUBCASE("it was folded") {
    settle(house.ledger(), call, end);
    house.fold();
  }
  auto after = house.crash();
  const auto rows = after->rows();
  REQUIRE(rows.size() == 1);
  CHECK(rows[0].attempts == 2);
  CHECK(rows[0].tried == end.tried);
  const auto response = after->store().ledger().find_response("resp_1");
  REQUIRE(response);
  CHECK(response->upstream == end.response_upstream);
  CHECK(response->upstream_name == "west");
  CHECK(response->account.text() == payer.account);
  CHECK(response->key.text() == payer.key);
  CHECK(response->created_at == rows[0].time);
  CHECK(after->faults().empty());
}

TEST_CASE("recovery: what is too long or too much of it is left out, and the call is whole") {
  House house;
  const auto payer = key_with(1000);
  auto end = cost(30);
  end.response_id = std::string(kMaxResponseId + 1, 'r');
  end.tried.resize(kMostTried + 1);
  settle(house.ledger(), house.hold(ask(payer, 100)), end);
  CHECK(house.rows()[0].tried.size() == kMostTried);
  CHECK_FALSE(house.store().ledger().find_response(end.response_id));
  CHECK(house.faults().empty());
}

TEST_CASE("recovery: a batch that the store refuses keeps its response for the next one") {
  House house;
  const auto payer = key_with(1000);
  const auto call = house.hold(ask(payer, 100));
  house.ledger().sync();
  house.valve().fail(true);
  auto end = cost(30);
  end.response_id = "resp_1";
  house.ledger().settle(call, end, {});
  CHECK_THROWS_AS(house.ledger().sync(), Error);
  CHECK_FALSE(house.store().ledger().find_response("resp_1"));
  house.valve().fail(false);
  house.ledger().sync();
  CHECK(house.store().ledger().find_response("resp_1"));
}

TEST_CASE("recovery: a crash right after a crash changes nothing") {
  House house;
  const auto payer = key_with(1000);
  house.valve().pause();
  house.hold(ask(payer, 100));
  auto once = house.crash();
  once->valve().pause();
  settle(once->ledger(), once->hold(ask(payer, 50)), cost(5));
  auto twice = once->crash();
  CHECK(twice->window(key_window(payer)).spent == 105);
  CHECK(twice->rows().size() == 2);
  CHECK(twice->faults().empty());
}

TEST_CASE("recovery: calls end in the cycle they were held in, long after it has turned") {
  auto period = Period::minute;
  SUBCASE("of a minute") {}
  SUBCASE("of a day") {
    period = Period::day;
  }
  SUBCASE("of a month") {
    period = Period::month;
  }
  House house;
  const auto payer = key_with(1000, period);
  house.valve().pause();
  const auto first = house.hold(ask(payer, 100));
  house.hold(ask(payer, 10));
  house.fold();
  house.clock.advance(40 * 24h);
  settle(house.ledger(), first, cost(60));
  house.hold(ask(payer, 500));
  house.clock.advance(40 * 24h);

  auto after = house.crash();

  CHECK(after->window(key_window(payer)).spent == 0);
  CHECK(after->rows().size() == 3);
  CHECK(after->faults().empty());
}

TEST_CASE("recovery: a changed period survives the crash") {
  House house;
  auto payer = key_with(1000, Period::minute);
  house.hold(ask(payer, 10));
  house.clock.advance(1min);
  settle(house.ledger(), house.hold(ask(payer, 20)), cost(20));
  payer.key_limits.budget_period = Period::month;
  house.ledger().start_window(key_window(payer));
  house.valve().pause();
  settle(house.ledger(), house.hold(ask(payer, 5)), cost(4));
  house.clock.advance(1min);

  auto after = house.crash();

  CHECK(after->window(key_window(payer)).spent == 34);
  CHECK(after->faults().empty());
  settle(after->ledger(), after->hold(ask(payer, 5)), cost(1));
  CHECK(after->window(key_window(payer)).spent == 35);
}

TEST_CASE("recovery: while the store fails, holds are refused and settlements are kept") {
  House house;
  const auto payer = key_with(1000);
  const auto id = house.hold(ask(payer, 100));
  house.valve().fail(true);
  CHECK_THROWS_AS(house.ledger().sync(), Error);
  CHECK(house.ledger().problem() == "disk full");
  auto outcome = start_hold(house.ledger(), ask(payer, 1)).get();
  REQUIRE(std::holds_alternative<Unwritable>(outcome));
  CHECK(std::get<Unwritable>(outcome).problem == "disk full");
  settle(house.ledger(), id, cost(60));
  CHECK_THROWS_AS(house.ledger().sync(), Error);

  SUBCASE("the store works again") {
    house.valve().fail(false);
    house.ledger().sync();
    CHECK(house.ledger().problem().empty());
    CHECK(house.rows().at(0).cost == domain::Money::nanos(60));
    CHECK(house.faults().empty());
    house.hold(ask(payer, 1));
  }
  SUBCASE("the process dies first") {
    auto after = house.crash();
    CHECK(after->rows().at(0).cost == domain::Money::nanos(60));
    CHECK(after->faults().empty());
  }
}

TEST_CASE("recovery: who waits while the store fails is told so") {
  House house;
  const auto payer = key_with(100);
  const auto id = house.hold(ask(payer, 100));
  auto waiting = start_hold(house.ledger(), ask(payer, 100));
  house.valve().fail(true);
  CHECK_THROWS_AS(house.ledger().sync(), Error);
  settle(house.ledger(), id, cost(0));
  CHECK(std::holds_alternative<Unwritable>(waiting.get()));
}

TEST_CASE("recovery: with durability power one sync serves all who wait") {
  House house(store::Durability::power);
  auto payer = key_with(1'000'000);
  std::vector<Pending> pending;
  for (int i = 0; i < 200; ++i) {
    pending.push_back(start_hold(house.ledger(), ask(payer, 10)));
  }
  for (auto& each : pending) settle(house.ledger(), taken(each.get()), cost(3));
  CHECK(house.window(key_window(payer)).spent == 600);
  CHECK(house.crash()->window(key_window(payer)).spent == 600);
  CHECK(house.faults().empty());
}

}  // namespace nufi::ledger
