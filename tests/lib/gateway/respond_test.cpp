#include "lib/gateway/respond.hpp"

#include "lib/base/text.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::gateway;
using domain::Denial;
using domain::Metric;
using domain::Period;
using domain::Scope;

namespace {

/// "status type code param".
std::string row(const No& no) {
  CHECK_FALSE(no.error.message.empty());
  return std::to_string(no.error.status) + " " + no.error.type + " " + no.error.code +
         (no.error.param.empty() ? "" : " " + no.error.param);
}

std::string headers(const No& no) {
  std::string text;
  for (const auto& [name, value] : no.headers) text += name + "=" + value + ";";
  return text;
}

const Timestamp kNow = *parse_rfc3339("2026-08-20T12:00:00Z");

domain::WindowRefusal refusal(Metric metric, std::optional<Timestamp> end) {
  domain::WindowRefusal refused;
  refused.window = {Scope::key, "key_1", metric, end ? Period::month : Period::total};
  refused.state.cycle = {Timestamp{}, end.value_or(Timestamp::max())};
  refused.state.spent = 4'500'000'000;
  refused.state.held = 250'000'000;
  refused.state.in_flight = 2;
  refused.limit = 5'000'000'000;
  refused.ask = 300'000'000;
  return refused;
}
const Timestamp kMonthEnd = *parse_rfc3339("2026-09-01T00:00:00Z");

}  // namespace

TEST_CASE("respond: each refusal has its row of the table") {
  CHECK(row(refuse_key(Denial::no_key)) == "401 invalid_request_error invalid_api_key");
  CHECK(row(refuse_key(Denial::bad_key)) == "401 invalid_request_error invalid_api_key");
  CHECK(row(refuse_key(Denial::key_revoked)) == "401 invalid_request_error key_revoked");
  CHECK(row(refuse_key(Denial::key_rotated)) == "401 invalid_request_error key_revoked");
  CHECK(refuse_key(Denial::key_rotated).error.message.find("rotated") != std::string::npos);
  CHECK(row(refuse_key(Denial::key_disabled)) == "401 invalid_request_error key_disabled");
  CHECK(row(refuse_key(Denial::key_expired)) == "401 invalid_request_error key_expired");
  CHECK(row(refuse_model_not_allowed("m", "key")) ==
        "403 permission_error model_not_allowed model");
  CHECK(row(refuse_ip_not_allowed("::1")) == "403 permission_error ip_not_allowed");
  CHECK(row(refuse_host_not_allowed()) == "403 permission_error host_not_allowed");
  CHECK(row(refuse_model_not_found("m")) == "404 invalid_request_error model_not_found model");
  CHECK(row(refuse_unknown_url("GET", "/x")) == "404 invalid_request_error unknown_url");
  CHECK(row(refuse_invalid("invalid_value", "n is bad", "n")) ==
        "400 invalid_request_error invalid_value n");
  CHECK(row(refuse_unknown_price("m", "chat/completions")) ==
        "400 invalid_request_error model_price_unknown model");
  CHECK(row(refuse_too_large(5)) == "413 invalid_request_error request_too_large");
  CHECK(row(refuse_compressed()) == "415 invalid_request_error unsupported_media_type");
  CHECK(row(refuse_slow_body()) == "408 invalid_request_error request_timeout");
  CHECK(row(refuse_crowded()) == "503 server_error overloaded");
  CHECK(row(refuse_upstream(504, "upstream_timeout", "slow")) ==
        "504 server_error upstream_timeout");
  CHECK(row(refuse_unavailable("overloaded", "busy", std::chrono::seconds(7))) ==
        "503 server_error overloaded");
}

TEST_CASE("respond: refusals name the way out") {
  const auto price_of = [](std::string_view endpoint) {
    const auto message = refuse_unknown_price("gpt-x", endpoint).error.message;
    return message.substr(message.find("nufi prices set gpt-x "));
  };
  for (const auto* endpoint : {"chat/completions", "responses", "messages", "embeddings"}) {
    CHECK(price_of(endpoint) ==
          "nufi prices set gpt-x --input USD --output USD (per million tokens)");
  }
  CHECK(price_of("images/edits").find("--per-image USD") != std::string::npos);
  CHECK(price_of("audio/transcriptions").find("--per-second USD") != std::string::npos);
  CHECK(price_of("audio/speech").find("--per-character USD") != std::string::npos);
  CHECK(price_of("rerank").find("--per-request USD") != std::string::npos);
  CHECK(refuse_model_not_allowed("m", "group").error.message ==
        "This API key may not use the model 'm': the allowed models of its group do not include "
        "it.");
  CHECK(refuse_unknown_url("GET", "/x", "Did you forget /v1?").error.message ==
        "Unknown request URL: GET /x. Did you forget /v1?");
  CHECK(refuse_key(Denial::no_key).error.message.find("nufi keys create --name NAME") !=
        std::string::npos);
  CHECK(headers(refuse_unavailable("overloaded", "busy", std::chrono::seconds(7))) ==
        "Retry-After=7;");
  CHECK(headers(refuse_crowded()) == "Retry-After=1;");
  CHECK(refuse_crowded().error.message.find("nufid --max-buffered ") != std::string::npos);
  CHECK(headers(refuse_method("PUT", "POST")) == "Allow=POST;");
  CHECK(headers(refuse_key(Denial::bad_key)) == "WWW-Authenticate=Bearer;");
}

TEST_CASE("respond: a budget refusal says what was used, held and when it resets") {
  const auto no = refuse_window(refusal(Metric::usd, kMonthEnd), "key 'laptop'", kNow, 429);
  CHECK(row(no) == "429 insufficient_quota insufficient_quota");
  CHECK(no.error.message ==
        "Budget reached: key 'laptop' has used $4.5 of its $5 budget, $0.25 held by 2 calls in "
        "flight; "
        "this call needs up to $0.3. It resets at 2026-09-01T00:00:00Z.");
  CHECK(
      no.error.limit_json ==
      R"({"reason":"budget","limit":"key","limit_usd":5,"spent_usd":4.5,"held_usd":0.25,"in_flight":2,)"
      R"("resets_at":"2026-09-01T00:00:00Z"})");
  CHECK(headers(no) == "x-should-retry=false;retry-after-ms=0;");
}

TEST_CASE("respond: a budget that never resets says so, one call in flight is one call") {
  auto refused = refusal(Metric::usd, std::nullopt);
  refused.state.in_flight = 1;
  refused.window.scope = Scope::account;
  const auto no = refuse_window(refused, "account 'ada'", kNow, 402);
  CHECK(no.error.status == 402);
  CHECK(no.error.message.ends_with(
      "held by 1 call in flight; this call needs up to $0.3. It does not reset."));
  CHECK(no.error.limit_json.ends_with(
      R"("limit":"account","limit_usd":5,"spent_usd":4.5,"held_usd":0.25,)"
      R"("in_flight":1,"resets_at":null})"));
}

TEST_CASE("respond: a budget is never worth waiting for, even if it resets soon") {
  const auto no =
      refuse_window(refusal(Metric::usd, kNow + std::chrono::seconds(5)), "key 'k'", kNow, 429);
  CHECK(headers(no) == "x-should-retry=false;retry-after-ms=0;");
}

TEST_CASE("respond: a token limit is, when it resets within a minute") {
  const auto at = [](std::chrono::milliseconds wait) {
    return refuse_window(refusal(Metric::tokens, kNow + wait), "key 'k'", kNow, 402);
  };
  CHECK(headers(at(std::chrono::milliseconds(59'001))) ==
        "x-should-retry=true;Retry-After=60;retry-after-ms=60000;");
  CHECK(headers(at(std::chrono::milliseconds(60'001))) == "x-should-retry=false;retry-after-ms=0;");
  CHECK(headers(at(std::chrono::milliseconds(-5))) ==
        "x-should-retry=true;Retry-After=1;retry-after-ms=1000;");
  const auto no = at(std::chrono::hours(1));
  CHECK(row(no) == "429 insufficient_quota insufficient_quota");
  CHECK(no.error.message.starts_with(
      "Token limit reached: key 'k' has used 4500000000 tokens of its "));
  CHECK(no.error.limit_json.starts_with(
      R"({"reason":"token_limit","limit":"key","limit_tokens":5000000000,)"));
}

TEST_CASE("respond: a call that needs more than the whole limit is never worth trying again") {
  auto refused = refusal(Metric::tokens, kNow + std::chrono::seconds(5));
  refused.ask = refused.limit + 1;
  auto no = refuse_window(refused, "key 'k'", kNow, 429);
  CHECK(headers(no) == "x-should-retry=false;retry-after-ms=0;");
  CHECK(no.error.message.find("needs up to 5000000001 tokens, more than the whole limit. It") !=
        std::string::npos);
  refused.ask = refused.limit;
  no = refuse_window(refused, "key 'k'", kNow, 429);
  CHECK(headers(no).starts_with("x-should-retry=true;"));
}

TEST_CASE("respond: a soft key's refusal does not say what the call needs") {
  auto refused = refusal(Metric::usd, kMonthEnd);
  refused.ask = 1;
  const auto no = refuse_window(refused, "key 'k'", kNow, 429);
  CHECK(no.error.message.find("held by 2 calls in flight. It resets") != std::string::npos);
}

TEST_CASE("respond: the last event of a broken stream is an event") {
  CHECK(error_event({0, "server_error", "upstream_error", "gone", "", ""}) ==
        "data: {\"error\":{\"message\":\"gone\",\"type\":\"server_error\",\"param\":null,"
        "\"code\":\"upstream_error\"}}\n\n");
}

TEST_CASE("respond: a stream in Anthropic's form ends in an event of its form") {
  const openai::ApiError error{502, "server_error", "upstream_error", "broke off", "", ""};
  CHECK(error_event(error) ==
        "data: {\"error\":{\"message\":\"broke off\",\"type\":\"server_error\",\"param\":null,"
        "\"code\":\"upstream_error\"}}\n\n");
  CHECK(error_event(error, /*as_message=*/true, "req_1") ==
        "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":"
        "\"broke off\"},\"request_id\":\"req_1\"}\n\n");
}
