#include "lib/api/shapes.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace api = nufi::api;
using api::Json;
using api::to_json;
using api::to_text;
using nufi::Error;

namespace {

constexpr const char* kTotals =
    R"("requests":3,"errors":1,"refused":2,"cost_usd":0.25,"tokens":{"input":1,"cached_input":2,)"
    R"("cache_write":0,"audio_input":0,"image_input":0,"output":4,"reasoning":0,"audio_output":0,)"
    R"("image_output":0,"total":7})";

std::string usage_text() {
  const std::string totals = kTotals;
  return R"({"from":"2026-08-01T00:00:00Z","to":"2026-08-02T00:00:00Z","timezone":"UTC","totals":{)" +
         totals + R"(},"days":[{"date":"2026-08-01",)" + totals + R"(}],"by":[{"name":"gpt-4o",)" +
         totals + "}]}";
}

constexpr const char* kRequest =
    R"({"id":"req_00000000001","time":"2026-08-01T10:00:00.250Z","account":"ana","project":"default",)"
    R"("key":"key_1","key_name":"laptop","group":"default","endpoint":"chat/completions",)"
    R"("model":"gpt-4o","upstream":"openai","upstream_model":null,"stream":true,"status":"ok",)"
    R"("http_status":200,"error_code":null,"tokens":{"input":1,"cached_input":0,"cache_write":0,)"
    R"("audio_input":0,"image_input":0,"output":4,"reasoning":0,"audio_output":0,"image_output":0},)"
    R"("cost_usd":0.00000491,"upstream_cost_usd":0.00000491,"upstream_reported_cost_usd":null,)"
    R"("cost_basis":"exact","price_id":"openai/gpt-4o@2026-08-01","attempts":1,)"
    R"("tried":[{"upstream":"east","result":"http_503","http_status":503,"ms":1.5},)"
    R"({"upstream":"openai","result":"ok","http_status":null,"ms":null}],)"
    R"("timing":{"hold":0.034,"connect":null,"first_byte":12,"total":250.5},)"
    R"("client_ip":"127.0.0.1","user_agent":"curl/7.88.1"})";

constexpr const char* kUpstream =
    R"({"id":"up_1","name":"openai","url":"https://api.openai.com/v1","provider":"openai",)"
    R"("secret":"env OPENAI_API_KEY","secret_problem":null,"health":"ok","models":["gpt-*"],)"
    R"("aliases":{"fast":"gpt-4o-mini"},"headers":{},"groups":[],"priority":0,"weight":1,)"
    R"("free":false,"built_in":false,"max_connections":null,"ca_file":null,)"
    R"("created_at":"2026-08-01T10:00:00Z"})";

constexpr const char* kAccount =
    R"({"id":"acct_1","username":"ana","uid":1000,"name":"Ana","email":null,"role":"admin",)"
    R"("created_at":"2026-08-01T10:00:00Z","budget_usd":null,"budget_period":"month","spent_usd":2,)"
    R"("held_usd":0,"remaining_usd":null,"budget_resets_at":"2026-09-01T00:00:00Z",)"
    R"("token_limit":null,"token_limit_period":"month","tokens_used":0,"tokens_held":0,)"
    R"("tokens_remaining":null})";

}  // namespace

TEST_CASE("usage: has PRODUCT's fields and survives a round trip") {
  CHECK(to_text(to_json(api::usage_from_json(Json::parse(usage_text())))) == usage_text());
}

TEST_CASE("request: has PRODUCT's fields in PRODUCT's order, and survives a round trip") {
  CHECK(to_text(to_json(api::request_from_json(Json::parse(kRequest)))) == kRequest);
}

TEST_CASE("upstream: survives a round trip") {
  CHECK(to_text(to_json(api::upstream_from_json(Json::parse(kUpstream)))) == kUpstream);
}

TEST_CASE("step of a test: survives a round trip, and ok is whatever did not fail") {
  const std::string text =
      R"({"name":"stream","result":"warning","ok":true,"detail":"no end","hint":"see it","ms":210,)"
      R"("first_byte_ms":90})";
  CHECK(to_text(to_json(api::probe_step_from_json(Json::parse(text)))) == text);
  const auto failed =
      api::probe_step_from_json(Json::parse(R"({"name":"chat","result":"failed"})"));
  CHECK(to_json(failed)["ok"] == false);
  CHECK(to_json(failed)["first_byte_ms"].is_null());
  CHECK_THROWS_AS(api::probe_step_from_json(Json::parse(R"({"name":"chat","result":"maybe"})")),
                  Error);
}

TEST_CASE("local server: survives a round trip") {
  const std::string text =
      R"({"preset":null,"url":"http://127.0.0.1:1234/v1","models":["a","b"],"needs_key":true,)"
      R"("upstream":"mine","added":true})";
  CHECK(to_text(to_json(api::local_server_from_json(Json::parse(text)))) == text);
}

TEST_CASE("account: survives a round trip, and a profile is an account with its week") {
  CHECK(to_text(to_json(api::account_from_json(Json::parse(kAccount)))) == kAccount);

  Json profile = Json::parse(kAccount);
  profile["week"] = Json::parse(usage_text());
  CHECK(to_json(api::profile_from_json(profile)) == profile);
  CHECK(api::profile_from_json(Json::parse(kAccount)).account.account.username == "ana");
}

TEST_CASE("status: survives a round trip") {
  Json status{{"version", "0.1.0"},
              {"pid", 42},
              {"started_at", "2026-08-01T10:00:00Z"},
              {"inference_url", "http://127.0.0.1:6834/v1"},
              {"console_url", nullptr},
              {"socket", "/run/nufi/nufid.sock"},
              {"data_dir", "/var/lib/nufi"},
              {"durability", "process"},
              {"timezone", "UTC"},
              {"schema_version", 1},
              {"ledger_writable", true},
              {"ledger_problem", nullptr},
              {"draining", true},
              {"calls_in_flight", 2},
              {"held_usd", 0.5}};
  Json spend = Json::parse(kAccount);
  for (const char* field : {"id", "username", "uid", "name", "email", "role", "created_at"}) {
    spend.erase(field);
  }
  status["spend"] = spend;
  status["upstreams"] = Json::array({Json::parse(kUpstream)});
  status["live_keys"] = 3;
  status["catalogue_date"] = "2026-08-01";

  CHECK(to_text(to_json(api::status_from_json(status))) == to_text(status));
}

TEST_CASE("upstream terms: a round trip keeps the secret and what is cleared") {
  const Json json = Json::parse(
      R"({"name":"x","preset":"openai","secret_kind":"stored","secret_text":"sk-1",)"
      R"("models":null,"aliases":{"a":"b"},"headers":{"X-A":"1"},"priority":5,"free":true})");

  const auto terms = api::upstream_terms_from_json(json);

  CHECK(terms.secret_text.value().expose() == "sk-1");
  CHECK(terms.models.clears());
  CHECK(to_json(terms) == json);
  CHECK_THROWS_WITH_AS(api::upstream_terms_from_json(Json::parse(R"({"aliases":{"a":1}})")),
                       "aliases must be an object of strings",
                       Error);
  CHECK_THROWS_WITH_AS(api::upstream_terms_from_json(Json::parse(R"({"key":"sk-1"})")),
                       "unknown field 'key'",
                       Error);
}

TEST_CASE("price terms: rates are USD per million tokens, strictly read") {
  const Json json =
      Json::parse(R"({"model":"m","free":false,"rates":{"input":2.5,"output":10},)"
                  R"("tiers":[{"above_tokens":200000,"rates":{"input":5,"output":20}}],)"
                  R"("per_request_usd":0.001,"max_output":4096})");

  const auto terms = api::price_terms_from_json(json);

  CHECK(terms.rates.own(nufi::domain::Bucket::input) == 2'500'000'000);
  CHECK_FALSE(terms.rates.own(nufi::domain::Bucket::reasoning).has_value());
  CHECK(terms.tiers.at(0).above_tokens == 200'000);
  CHECK(terms.per_request.nanos() == 1'000'000);
  CHECK(to_json(api::price_terms_from_json(to_json(terms))) == to_json(terms));
  CHECK_THROWS_WITH_AS(api::price_terms_from_json(Json::parse(R"({"rates":{"inptu":1}})")),
                       "unknown field 'inptu'",
                       Error);
  CHECK_THROWS_WITH_AS(api::price_terms_from_json(Json::parse(R"({"rates":{"input":-1}})")),
                       "input must be 0 or more",
                       Error);
}

TEST_CASE("price and model: survive a round trip") {
  nufi::domain::PriceView view;
  view.price.id = "openai/gpt-4o@2026-08-01";
  view.price.provider = "openai";
  view.price.model = "gpt-4o";
  view.price.rates.own(nufi::domain::Bucket::input) = 2'500'000'000;
  view.price.service[static_cast<std::size_t>(nufi::domain::ServiceTier::batch)] = view.price.rates;
  view.price.tiers.push_back({200'000, view.price.rates});
  view.price.max_output = 16'384;
  view.own = true;
  const Json json = to_json(view);
  CHECK(to_json(api::price_from_json(json)) == json);

  const nufi::domain::ModelView model{"gpt-4o", {"openai"}, view.price};
  CHECK(to_json(api::model_from_json(to_json(model))) == to_json(model));
  CHECK(to_json(nufi::domain::ModelView{"x", {}, {}})["price"].is_null());
}

TEST_CASE("error: keeps code, message and hint on the wire") {
  const Error error(nufi::Errc::ambiguous, "two keys begin with 'key_a'", "write more of the id");

  const Json json = api::error_to_json(error);
  const Error read = api::error_from_json(json);

  CHECK(to_text(json) == R"({"error":{"message":"two keys begin with 'key_a'",)"
                         R"("hint":"write more of the id","code":"ambiguous"}})");
  CHECK(read.code() == nufi::Errc::ambiguous);
  CHECK(read.hint() == error.hint());
  CHECK(api::error_from_json(Json::parse("[]")).code() == nufi::Errc::internal);
}

TEST_CASE("list: is data and next") {
  CHECK(to_text(api::list_to_json(Json::array({1}), std::nullopt)) ==
        R"({"data":[1],"next":null})");
  CHECK(to_text(api::list_to_json(Json::array(), "c1")) == R"({"data":[],"next":"c1"})");
}
