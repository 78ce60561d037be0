#include "daemon/demo.hpp"

#include "daemon/demo_reply.hpp"
#include "lib/service/probe.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace nufi;
using namespace nufi::daemon;
using nlohmann::json;

namespace {

DemoReply chat(const json& request) {
  return demo_chat(request.dump(), /*created=*/1);
}

json user(const std::string& text) {
  return {{"model", "nufi-echo"}, {"messages", {{{"role", "user"}, {"content", text}}}}};
}

/// The JSON of a stream's events, without [DONE].
std::vector<json> chunks(const DemoReply& reply) {
  std::vector<json> all;
  for (const std::string& event : reply.events) {
    REQUIRE(event.starts_with("data: "));
    REQUIRE(event.ends_with("\n\n"));
    const std::string data = event.substr(6, event.size() - 8);
    if (data != "[DONE]") all.push_back(json::parse(data));
  }
  return all;
}

}  // namespace

TEST_CASE("demo: it answers with the last thing the user said") {
  json request = user("first");
  request["messages"].push_back({{"role", "assistant"}, {"content", "no"}});
  request["messages"].push_back(
      {{"role", "user"}, {"content", {{{"type", "text"}, {"text", "second"}}}}});
  const auto reply = chat(request);
  CHECK(reply.status == 200);
  const json body = json::parse(reply.body);
  CHECK(body["choices"][0]["message"]["content"] == "second");
  CHECK(body["choices"][0]["finish_reason"] == "stop");
}

TEST_CASE("demo: a path it does not have is an error in OpenAI's shape") {
  const auto reply = demo_unknown();
  CHECK(reply.status == 404);
  const json error = json::parse(reply.body)["error"];
  CHECK(error["message"] == "the demo only knows chat/completions");
  CHECK(error["type"] == "invalid_request_error");
}

TEST_CASE("demo: its usage is never more than the bytes of the prompt and the output limit") {
  json request = user(std::string(1000, 'x'));
  for (const int limit : {1, 7, 249, 250, 1000}) {
    request["max_tokens"] = limit;
    const json body = json::parse(chat(request).body);
    CHECK(body["usage"]["prompt_tokens"] <= 1000);
    CHECK(body["usage"]["completion_tokens"] <= limit);
    CHECK((body["choices"][0]["finish_reason"] == "length") == (limit < 250));
  }
}

TEST_CASE("demo: a cut does not split a character") {
  json request = user("ää€€");
  request["max_tokens"] = 1;
  const json body = json::parse(chat(request).body);
  CHECK(body["choices"][0]["message"]["content"] == "ää");
  request = user("x€€");
  request["max_tokens"] = 1;
  CHECK(json::parse(chat(request).body)["choices"][0]["message"]["content"] == "x€");
}

TEST_CASE("demo: a stream comes word by word and says its usage only when asked") {
  json request = user("hello brave  new world");
  request["stream"] = true;
  const auto silent = chunks(chat(request));
  std::string text;
  for (const json& chunk : silent) {
    CHECK_FALSE(chunk.contains("usage"));
    text += chunk["choices"][0]["delta"].value("content", "");
  }
  CHECK(text == "hello brave  new world");
  request["stream_options"] = {{"include_usage", true}};
  const auto reply = chat(request);
  CHECK(reply.events.back() == "data: [DONE]\n\n");
  const auto told = chunks(reply);
  CHECK(told.size() == silent.size() + 1);
  CHECK(told.front()["usage"].is_null());
  CHECK(told.back()["choices"].empty());
  CHECK(told.back()["usage"]["completion_tokens"] == 6);
}

TEST_CASE("demo: what it can't read is 400") {
  CHECK(demo_chat("nonsense", 1).status == 400);
  CHECK(demo_chat("{}", 1).status == 400);
  CHECK(demo_chat(R"({"messages":["x"]})", 1).status == 400);
  json request = user("x");
  request["max_tokens"] = 0;
  CHECK(chat(request).status == 400);
}

TEST_CASE("demo: it is a priced upstream reached over HTTP with a secret of its own") {
  const SystemClock clock;
  const DemoUpstream demo(clock);
  const auto built_in = demo.built_in();
  CHECK(built_in.upstream.upstream.url.port == demo.port());
  CHECK(built_in.price.id == "demo/nufi-echo");
  CHECK(built_in.price.rates.effective(domain::Bucket::output) == 2'000'000'000);
  const domain::PriceBook prices({built_in.price}, {});
  for (const auto& step : service::probe(built_in.upstream, "", {}, prices, clock)) {
    CAPTURE(step.detail);
    CHECK(step.result == domain::ProbeResult::ok);
  }
  auto stranger = built_in.upstream;
  stranger.secret = Secret("guess");
  CHECK(service::probe(stranger, "", {}, prices, clock).front().result ==
        domain::ProbeResult::failed);
}
