#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {
namespace {

using namespace examples;
using namespace std::chrono_literals;

std::vector<domain::LedgerRow> all_rows(Store& store) {
  return store.reports().requests({});
}

}  // namespace

TEST_CASE("ledger: a row comes back as it was written, also bytes that are no text") {
  auto under_test = StoreUnderTest::make();
  auto in = row(key("key_1", "laptop"), 0, 123);
  std::int64_t tokens = 1;
  for (auto bucket : domain::kBuckets) in.usage[bucket] = tokens++;
  in.status = domain::RowStatus::client_gone;
  in.error_code = "server_error";
  in.upstream_reported_cost = domain::Money::nanos(122);
  in.basis = domain::CostBasis::estimated;
  in.bound_broken = true;
  in.attempts = 3;
  in.tried = {{"east", "http_503", 503, 1500},
              {std::string("we\xffst"), "connect_failed", 0, -1},
              {"north", "ok", 200, 7}};
  in.hold_us = -1;
  in.user_agent = std::string("a\0b\xff", 4);
  in.usage.images = 2;
  in.usage.audio_ms = 1500;
  in.usage.characters = 77;
  in.usage_basis = domain::CostBasis::held;
  in.tier = domain::ServiceTier::priority;
  in.multiplier = 1'500'000;

  under_test->store().ledger().apply(batch_of({in}));
  under_test->reopen();
  const auto rows = all_rows(under_test->store());

  REQUIRE(rows.size() == 1);
  const auto& out = rows[0];
  CHECK(out.id == in.id);
  CHECK(out.time == in.time);
  CHECK(out.account == in.account);
  CHECK(out.project == in.project);
  CHECK(out.key == in.key);
  CHECK(out.key_name == in.key_name);
  CHECK(out.group == in.group);
  CHECK(out.endpoint == in.endpoint);
  CHECK(out.model == in.model);
  CHECK(out.upstream == in.upstream);
  CHECK(out.upstream_model == in.upstream_model);
  CHECK(out.stream == in.stream);
  CHECK(out.status == in.status);
  CHECK(out.http_status == in.http_status);
  CHECK(out.error_code == in.error_code);
  CHECK(out.usage == in.usage);
  CHECK(out.held == in.held);
  REQUIRE(out.tried.size() == 3);
  CHECK(out.tried[0] == in.tried[0]);
  CHECK(out.tried[1].result == "connect_failed");
  CHECK(out.tried[2] == in.tried[2]);
  CHECK(out.held_tokens == in.held_tokens);
  CHECK(out.cost == in.cost);
  CHECK(out.upstream_cost == in.upstream_cost);
  CHECK(out.upstream_reported_cost == in.upstream_reported_cost);
  CHECK(out.basis == in.basis);
  CHECK(out.price_id == in.price_id);
  CHECK(out.attempts == in.attempts);
  CHECK(out.bound_broken == in.bound_broken);
  CHECK(out.hold_us == in.hold_us);
  CHECK(out.connect_us == in.connect_us);
  CHECK(out.first_byte_us == in.first_byte_us);
  CHECK(out.total_us == in.total_us);
  CHECK(out.client_ip == in.client_ip);
  CHECK(out.user_agent == in.user_agent);
  CHECK(out.usage_basis == in.usage_basis);
  CHECK(out.tier == in.tier);
  CHECK(out.multiplier == in.multiplier);
}

TEST_CASE("ledger: a completed row replaces its open one") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  auto call = row(key("key_1", "laptop"), 0, 5);
  auto open = call;
  open.status = domain::RowStatus::running;
  open.cost = {};
  store.ledger().apply(batch_of({open}));
  REQUIRE(store.ledger().load(morning()).running.size() == 1);

  store.ledger().apply(batch_of({call}));

  CHECK(store.ledger().load(morning()).running.empty());
  REQUIRE(all_rows(store).size() == 1);
  CHECK(all_rows(store)[0].status == domain::RowStatus::ok);
}

TEST_CASE("ledger: load returns where the journal stands, open rows and the cycles that last") {
  auto under_test = StoreUnderTest::make();
  const auto laptop = key("key_1", "laptop");
  auto open = row(laptop, 40, 5);
  open.status = domain::RowStatus::running;
  auto earlier = row(laptop, 20, 5);
  earlier.status = domain::RowStatus::running;
  auto batch = batch_of({row(laptop, 0, 5), open, earlier});
  batch.journal_position = ~std::uint64_t{0} >> 1U;
  const auto empty = under_test->store().ledger().load(morning());
  CHECK(empty.journal_position == 0);
  CHECK(empty.last_request.value == 0);

  under_test->store().ledger().apply(batch);
  under_test->reopen();
  const auto state = under_test->store().ledger().load(morning() + 1min);

  CHECK(state.journal_position == batch.journal_position);
  CHECK(state.last_request == open.id);
  REQUIRE(state.running.size() == 2);
  CHECK(state.running[0].id == earlier.id);
  CHECK(state.running[1].id == open.id);
  // Key, project and account × usd and tokens × month and total; the minutes have ended.
  CHECK(state.windows.size() == 12);
  CHECK(under_test->store().ledger().load(morning()).windows.size() == 18);
  for (const auto& window : state.windows) {
    CHECK(window.spent == (window.window.metric == domain::Metric::usd ? 5 : 15));
    CHECK(window.cycle_end > morning());
  }
}

TEST_CASE("ledger: windows are replaced, rollups added up, the last use only moves on") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  const auto laptop = key("key_1", "laptop");
  store.keys().insert(laptop, audit("a"));
  store.ledger().apply(batch_of({row(laptop, 0, 5)}));
  auto again = batch_of({row(laptop, 1, 7)});
  for (auto& window : again.windows) window.spent += 1000;
  again.last_used[laptop.id] = morning() - 1min;

  store.ledger().apply(again);

  CHECK(store.keys().by_id(laptop.id)->last_used_at == morning());
  UsageQuestion question;
  question.filter.from = morning();
  question.filter.to = morning() + 15min;
  question.starts = {morning()};
  const auto usage = store.reports().usage(question).intervals;
  REQUIRE(usage.size() == 1);
  CHECK(usage[0].requests == 2);
  CHECK(usage[0].cost == domain::Money::nanos(12));
  for (const auto& window : store.ledger().load(morning() + 30min).windows) {
    CHECK(window.spent == (window.window.metric == domain::Metric::usd ? 1007 : 1015));
  }
}

TEST_CASE("ledger: a dropped window is gone, in that cycle only") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  const auto laptop = key("key_1", "laptop");
  auto batch = batch_of({row(laptop, 0, 5), row(laptop, 60 * 24 * 40, 5)});
  store.ledger().apply(batch);
  const auto before = store.ledger().load(morning()).windows.size();
  LedgerBatch drop;
  drop.dropped_windows = {batch.windows[2]};

  store.ledger().apply(drop);

  CHECK(store.ledger().load(morning()).windows.size() == before - 1);
}

TEST_CASE("ledger: what was spent between two moments, by subject and metric") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  const auto laptop = key("key_1", "laptop");
  auto phone = key("key_2", "phone");
  phone.project = domain::ProjectId("proj_b");
  auto open = row(laptop, 3, 1000);
  open.status = domain::RowStatus::running;
  store.ledger().apply(batch_of(
      {row(laptop, 0, 1), row(laptop, 14, 10), row(laptop, 15, 100), row(phone, 1, 7), open}));
  const auto spent = [&](domain::Scope scope, const char* subject, Timestamp from, Timestamp to) {
    return store.ledger().spent_between(scope, subject, domain::Metric::usd, from, to);
  };
  using domain::Scope;

  CHECK(spent(Scope::key, "key_1", morning(), morning() + 15min) == 11);
  CHECK(spent(Scope::key, "key_1", morning(), morning() + 14min) == 1);
  CHECK(spent(Scope::key, "key_1", morning() + 1min, morning() + 16min) == 110);
  CHECK(spent(Scope::key, "key_1", Timestamp{}, Timestamp::max()) == 111);
  CHECK(spent(Scope::project, "proj_a", morning(), morning() + 30min) == 111);
  CHECK(spent(Scope::account, "acct_a", morning(), morning() + 30min) == 118);
  CHECK(spent(Scope::account, "acct_a", morning() + 1s, morning() + 20min) == 117);
  CHECK(spent(Scope::key, "key_9", morning(), morning() + 30min) == 0);
  CHECK(store.ledger().spent_between(
            Scope::key, "key_1", domain::Metric::tokens, morning(), morning() + 30min) == 45);
  CHECK(store.ledger().spent_between(
            Scope::key, "key_1", domain::Metric::tokens, morning(), morning() + 1min) == 15);
}

TEST_CASE("ledger: a stored response is found by its id until it is forgotten") {
  auto under_test = StoreUnderTest::make();
  StoredResponse in;
  in.id = "resp_1";
  in.upstream = domain::UpstreamId("up_1");
  in.upstream_name = "west";
  in.account = domain::AccountId("acct_a");
  in.key = domain::KeyId("key_1");
  in.created_at = morning();
  LedgerBatch batch;
  batch.responses = {in};
  under_test->store().ledger().apply(batch);
  under_test->reopen();
  auto& ledger = under_test->store().ledger();
  const auto out = ledger.find_response("resp_1");
  REQUIRE(out);
  CHECK(out->id == in.id);
  CHECK(out->upstream == in.upstream);
  CHECK(out->upstream_name == in.upstream_name);
  CHECK(out->account == in.account);
  CHECK(out->key == in.key);
  CHECK(out->created_at == in.created_at);
  CHECK_FALSE(ledger.find_response("resp_2"));
  CHECK_FALSE(ledger.find_response("RESP_1"));

  // An upstream that gives an id again means the new one.
  batch.responses[0].account = domain::AccountId("acct_b");
  ledger.apply(batch);
  CHECK(ledger.find_response("resp_1")->account.text() == "acct_b");

  ledger.forget_response("resp_1");
  ledger.forget_response("resp_1");
  CHECK_FALSE(ledger.find_response("resp_1"));
}

TEST_CASE("ledger: old stored responses go, the oldest first") {
  auto under_test = StoreUnderTest::make();
  auto& ledger = under_test->store().ledger();
  LedgerBatch batch;
  for (int i = 0; i < 700; ++i) {
    StoredResponse response;
    response.id = "resp_" + std::to_string(i);
    response.created_at = morning() + i * 1min;
    batch.responses.push_back(response);
  }
  ledger.apply(batch);
  CHECK(ledger.retire_responses(morning()) == 0);
  const auto first = ledger.retire_responses(morning() + 600min);
  CHECK(first > 0);
  CHECK_FALSE(ledger.find_response("resp_0"));
  CHECK(ledger.find_response("resp_599"));
  CHECK(first + ledger.retire_responses(morning() + 600min) == 600);
  CHECK_FALSE(ledger.find_response("resp_599"));
  CHECK(ledger.find_response("resp_600"));
}

}  // namespace nufi::store
