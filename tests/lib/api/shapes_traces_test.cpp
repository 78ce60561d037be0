#include "lib/api/shapes.hpp"
#include "lib/base/text.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace nufi;
using namespace nufi::api;

namespace {

domain::Trace trace() {
  domain::Trace made;
  made.head.id = "req_1";
  made.head.time = *parse_rfc3339("2026-08-15T12:00:00Z");
  made.head.account = "ana";
  made.head.key = domain::KeyId("key_1");
  made.head.key_name = "laptop";
  made.head.endpoint = "chat/completions";
  made.head.model = "gpt-4o";
  made.head.upstream = "openai";
  made.head.http_status = 200;
  made.head.cost = domain::Money::nanos(1500);
  made.head.total_us = 4'001'500;
  made.upstream_model = "gpt-4o-2024";
  made.stream = true;
  made.usage[domain::Bucket::input] = 12;
  made.basis = domain::CostBasis::exact;
  made.changes = {"model sent as gpt-4o-2024"};
  domain::TraceAttempt attempt;
  attempt.attempt = {"openai", "ok", 200, 2'000'000};
  attempt.model = "gpt-4o-2024";
  attempt.reused = true;
  attempt.start_us = 500;
  made.attempts = {attempt};
  made.spans = {{"upstream", "openai", 500, 2'000'000}};
  made.client_blocked_us = 1'000'000;
  made.request = {"application/json", "{}", 2};
  made.reply = {"text/event-stream", "data: 1\n\n", 9};
  return made;
}

}  // namespace

TEST_CASE("trace: its facts survive a round trip, and hold nothing of what was said") {
  auto in = trace();
  const Json json = to_json(in);
  CHECK(json.dump().find("data: 1") == std::string::npos);
  CHECK(json["slowest"][0]["part"] == "upstream");
  CHECK(json["request"] ==
        Json{{"content_type", "application/json"}, {"bytes", 2}, {"cut", false}});
  const auto out = trace_facts_from_json(Json::parse(to_text(json)));
  in.request.bytes.clear();
  in.reply.bytes.clear();
  CHECK(out == in);
}

TEST_CASE("trace: its view survives a round trip with all that was said") {
  domain::TraceView in;
  in.trace = trace();
  in.prompt = {{"user", "hello"}};
  in.answer = "there";
  in.tool_calls = {{"look_up", "{}"}};
  const auto out = trace_from_json(Json::parse(to_text(to_json(in))));
  CHECK(out.trace == in.trace);
  CHECK(out.prompt == in.prompt);
  CHECK(out.answer == in.answer);
  CHECK(out.tool_calls == in.tool_calls);
}

TEST_CASE("trace: bytes that are no text go as base64; a character that was cut is left out") {
  domain::TraceView view;
  view.trace = trace();
  view.trace.request = {"audio/wav", std::string("RIFF\0\xff", 6), 6};
  view.trace.reply = {"text/plain", "caf\xc3", 20};
  Json json = to_json(view);
  CHECK(json["request"]["base64"] == "UklGRgD/");
  CHECK_FALSE(json["request"].contains("text"));
  CHECK(json["reply"]["text"] == "caf");
  CHECK(json["reply"]["cut"] == true);
  view.trace.reply = {"text/plain", "caf\xc3\xa9", 20};
  CHECK(to_json(view)["reply"]["text"] == "caf\xc3\xa9");
  view.trace.reply = {"text/plain", "caf\xc3", 4};
  CHECK(to_json(view)["reply"].contains("base64"));
  const auto read = trace_from_json(json);
  CHECK(read.trace.request.bytes.empty());
  CHECK(read.trace.request.size == 6);
}

TEST_CASE("trace mode: is one of three words, for all or for a key") {
  const auto terms = trace_mode_terms_from_json(Json::parse(R"({"mode":"errors","key":"laptop"})"));
  CHECK(terms.mode == domain::TraceMode::errors);
  CHECK(terms.key == "laptop");
  CHECK(to_json(trace_mode_terms_from_json(Json::parse(R"({"mode":"on"})"))).dump() ==
        R"({"mode":"on","key":null})");
  CHECK_THROWS_WITH_AS(trace_mode_terms_from_json(Json::parse(R"({"mode":"always"})")),
                       "mode must be one of off, on, errors",
                       Error);
  CHECK_THROWS_AS(trace_mode_terms_from_json(Json::parse(R"({"mode":"on","kee":"x"})")), Error);
}
