#include "lib/api/shapes.hpp"
#include "lib/base/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <chrono>

using nufi::Error;
using nufi::parse_rfc3339;
using nufi::api::Json;
using nufi::api::key_from_json;
using nufi::api::key_terms_from_json;
using nufi::api::to_json;
using nufi::api::to_text;
using nufi::domain::KeyTerms;
using nufi::domain::Money;
using nufi::domain::Period;

namespace {

constexpr const char* kKey =
    R"({"id":"key_1","name":"laptop","masked":"sk-nufi-…d7c","status":"active","archived":false,)"
    R"("account":"ana","project":"default","group":"default","created_at":"2026-08-01T10:00:00Z",)"
    R"("last_used_at":null,"expires_at":"2026-12-31T00:00:00Z","revoked_at":null,"budget_usd":5,)"
    R"("budget_period":"month","spent_usd":1.25,"held_usd":0.000000001,"remaining_usd":3.75,)"
    R"("budget_resets_at":"2026-09-01T00:00:00Z","token_limit":1000,"token_limit_period":"day",)"
    R"("tokens_used":10,"tokens_held":5,"tokens_remaining":990,"rpm":null,"tpm":60,)"
    R"("max_parallel":null,"allowed_models":["gpt-*"],"allowed_ips":[],"enforce":"strict",)"
    R"("trace":false,"trace_errors_only":false,"rotated_at":null,"overlap_ends_at":null,)"
    R"("parent":null,"lease_expires_at":null})";

KeyTerms terms(const char* text) {
  return key_terms_from_json(Json::parse(text));
}

}  // namespace

TEST_CASE("key: has PRODUCT's fields in PRODUCT's order, and survives a round trip") {
  CHECK(to_text(to_json(key_from_json(Json::parse(kKey)))) == kKey);
}

TEST_CASE("key: a child with a lease says whose it is and until when it lives") {
  auto json = Json::parse(kKey);
  json["parent"] = "key_2";
  json["lease_expires_at"] = "2026-08-01T10:00:30Z";
  const auto view = key_from_json(json);
  CHECK(view.key.parent.text() == "key_2");
  CHECK(view.key.lease_expires_at == parse_rfc3339("2026-08-01T10:00:30Z"));
  CHECK(to_json(view) == json);
}

TEST_CASE("key terms: parent and lease are wishes like others") {
  const auto wish = terms(R"({"parent":"ci","lease_seconds":30})");
  CHECK(wish.parent.value() == "ci");
  CHECK(wish.lease_seconds.value() == 30);
  CHECK(to_text(to_json(wish)) == R"({"parent":"ci","lease_seconds":30})");
  CHECK_THROWS_AS(terms(R"({"lease_seconds":1.5})"), Error);
  CHECK(nufi::api::lease_terms_from_json(Json::parse(R"({"lease_seconds":30})")).lease ==
        std::chrono::seconds(30));
  CHECK_THROWS_AS(nufi::api::lease_terms_from_json(Json::parse("{}")), Error);
}

TEST_CASE("key: a reader finds the standing behind the fields") {
  const auto view = key_from_json(Json::parse(kKey));

  CHECK(view.standing.limits.budget == Money::nanos(5'000'000'000));
  CHECK(view.standing.usd.spent == 1'250'000'000);
  CHECK(view.standing.usd.held == 1);
  CHECK(view.standing.usd.cycle.end == *parse_rfc3339("2026-09-01"));
  CHECK(view.standing.limits.token_period == Period::day);
  CHECK_FALSE(view.secret.has_value());
}

TEST_CASE("key: the secret is there only when it was just made") {
  auto view = key_from_json(Json::parse(kKey));
  CHECK_FALSE(to_json(view).contains("key"));

  view.secret = nufi::Secret("sk-nufi-abc");

  CHECK(to_json(view)["key"] == "sk-nufi-abc");
  CHECK(key_from_json(to_json(view)).secret->expose() == "sk-nufi-abc");
}

TEST_CASE("key: a rotation and its overlap are told") {
  auto view = key_from_json(Json::parse(kKey));
  view.key.rotated_at = *parse_rfc3339("2026-08-02");
  view.key.former = nufi::domain::FormerSecret{{}, "sk-nufi-…old", *parse_rfc3339("2026-08-03")};
  const Json json = to_json(view);
  CHECK(json["rotated_at"] == "2026-08-02T00:00:00Z");
  CHECK(json["overlap_ends_at"] == "2026-08-03T00:00:00Z");
  CHECK(to_json(key_from_json(json)) == json);

  view.key.former->dies_at = *view.key.rotated_at;
  CHECK(to_json(view)["overlap_ends_at"].is_null());
}

TEST_CASE("key: the terms of a rotation and of a check survive a round trip, and are strict") {
  using namespace nufi::api;
  CHECK(rotate_terms_from_json(to_json(RotateTerms{std::chrono::hours(24)})).overlap ==
        std::chrono::hours(24));
  CHECK(rotate_terms_from_json(Json::object()).overlap == std::chrono::seconds(0));
  CHECK_THROWS_WITH_AS(rotate_terms_from_json(Json::parse(R"({"overlap":"24h"})")),
                       "unknown field 'overlap'",
                       Error);
  const auto check = check_terms_from_json(to_json(CheckTerms{"gpt-4o", 7}));
  CHECK(check.model == "gpt-4o");
  CHECK(check.tokens == 7);
  CHECK_THROWS_AS(check_terms_from_json(Json::object()), Error);
}

TEST_CASE("key: a check says what a limit error says, and what the call asks for") {
  using namespace nufi::domain;
  CheckView view;
  view.reason = "budget";
  view.message = "Budget reached: …";
  view.ask_usd = *parse_usd("0.5");
  view.ask_tokens = 300;
  view.refusal = WindowRefusal{{Scope::project, "proj_1", Metric::usd, Period::month},
                               {{{}, *parse_rfc3339("2026-09-01")}, 4'000'000'000, 1, 2},
                               5'000'000'000,
                               500'000'000};
  const Json json = to_json(view);
  CHECK(to_text(json) ==
        R"({"allowed":false,"reason":"budget","limit":"project","message":"Budget reached: …",)"
        R"("limit_usd":5,"spent_usd":4,"held_usd":0.000000001,"limit_tokens":null,)"
        R"("spent_tokens":null,"held_tokens":null,"in_flight":2,)"
        R"("resets_at":"2026-09-01T00:00:00Z","ask_usd":0.5,"ask_tokens":300,)"
        R"("context_window":null})");
  CHECK(to_json(nufi::api::check_from_json(json)) == json);

  view.refusal->window.metric = Metric::tokens;
  view.refusal->state.cycle.end = nufi::Timestamp::max();
  const Json tokens = to_json(view);
  CHECK(tokens["limit_usd"].is_null());
  CHECK(tokens["limit_tokens"] == 5'000'000'000);
  CHECK(tokens["resets_at"].is_null());
  CHECK(to_json(nufi::api::check_from_json(tokens)) == tokens);

  view = {};
  view.reason = "rpm";
  view.rate_resets_at = *parse_rfc3339("2026-08-15T12:01:00Z");
  for (const char* owner : {"key", "group"}) {
    view.rate_owner = owner;
    const Json rate = to_json(view);
    CHECK(rate["limit"] == owner);
    CHECK(rate["resets_at"] == "2026-08-15T12:01:00Z");
    CHECK(to_json(nufi::api::check_from_json(rate)) == rate);
  }

  view = {};
  view.allowed = true;
  view.context_window = 8000;
  CHECK(to_json(nufi::api::check_from_json(to_json(view))) == to_json(view));
}

TEST_CASE("key: a total budget has no reset, an unlimited key no remainder") {
  auto view = key_from_json(Json::parse(kKey));
  view.standing.limits.budget.reset();
  view.standing.limits.token_limit.reset();
  view.standing.usd.cycle = {nufi::Timestamp{}, nufi::Timestamp::max()};

  const Json json = to_json(view);

  CHECK(json["budget_usd"].is_null());
  CHECK(json["remaining_usd"].is_null());
  CHECK(json["budget_resets_at"].is_null());
  CHECK(json["tokens_remaining"].is_null());
}

TEST_CASE("key: a field of a newer daemon does not stop an older reader") {
  Json json = Json::parse(kKey);
  json["colour"] = "red";

  CHECK(key_from_json(json).key.name == "laptop");
}

TEST_CASE("key terms: absent keeps, null clears, a value sets") {
  const KeyTerms read = terms(R"({"budget_usd":0.5,"rpm":null,"allowed_models":["a","b"]})");

  CHECK(read.budget.sets());
  CHECK(read.budget.value() == Money::nanos(500'000'000));
  CHECK(read.rpm.clears());
  CHECK(read.tpm.keeps());
  CHECK(read.allowed_models.value() == std::vector<std::string>{"a", "b"});
}

TEST_CASE("key terms: survive a round trip") {
  constexpr const char* kAll =
      R"({"name":"n","project":"p","group":null,"budget_usd":1e-7,"budget_period":"total",)"
      R"("token_limit":5,"token_limit_period":"minute","reset_spend":true,"rpm":1,"tpm":2,"max_parallel":3,)"
      R"("allowed_models":[],"allowed_ips":["10.0.0.0/8"],"expires_at":"2026-12-31T10:00:00Z",)"
      R"("enforce":"soft","trace":true})";
  const Json once = to_json(terms(kAll));

  CHECK(to_json(key_terms_from_json(once)) == once);
  CHECK(once == Json::parse(kAll));
  CHECK(to_text(to_json(KeyTerms{})) == "{}");
}

TEST_CASE("key terms: a wrong type, word or field is refused by name") {
  CHECK_THROWS_WITH_AS(terms(R"({"budget_usd":"5"})"), "budget_usd must be a number (USD)", Error);
  CHECK_THROWS_WITH_AS(terms(R"({"rpm":1.5})"), "rpm must be a whole number", Error);
  CHECK_THROWS_WITH_AS(
      terms(R"({"rpm":18446744073709551615})"), "rpm must be a smaller number", Error);
  CHECK_THROWS_WITH_AS(terms(R"({"name":7})"), "name must be a string", Error);
  CHECK_THROWS_WITH_AS(terms(R"({"trace":"yes"})"), "trace must be true or false", Error);
  CHECK_THROWS_WITH_AS(terms(R"({"budget_period":"hour"})"),
                       "budget_period must be one of day, week, month, total",
                       Error);
  CHECK_THROWS_WITH_AS(
      terms(R"({"enforce":"hard"})"), "enforce must be one of strict, soft", Error);
  CHECK_THROWS_WITH_AS(terms(R"({"expires_at":"soon"})"),
                       "expires_at must be a time like 2026-12-31T10:00:00Z",
                       Error);
  CHECK_THROWS_WITH_AS(
      terms(R"({"allowed_ips":"10.0.0.1"})"), "allowed_ips must be a list of strings", Error);
  CHECK_THROWS_WITH_AS(terms(R"({"budget":5})"), "unknown field 'budget'", Error);
  CHECK_THROWS_WITH_AS(terms("[]"), "the body must be an object", Error);
}

TEST_CASE("key terms: a mistyped field is answered with the nearest one") {
  try {
    terms(R"({"budget_uds":5})");
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.hint() == "did you mean budget_usd?");
    CHECK(error.code() == nufi::Errc::invalid);
  }
}
