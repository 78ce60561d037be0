// Replies and streams in Anthropic's form, as they pass.
#include "lib/gateway/meter.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace nufi;
using namespace nufi::gateway;
using domain::Bucket;
using openai::Form;
using Kind = Meter::Kind;
using UsageKind = Meter::UsageKind;

namespace {

Meter::Options options() {
  Meter::Options made;
  made.form = Form::messages;
  made.watch_tier = true;
  return made;
}

std::string event(const std::string& type, const std::string& members = "") {
  return "event: " + type + "\ndata: {\"type\":\"" + type + "\"" + members + "}\n\n";
}
const std::string kStart = event(
    "message_start",
    R"(,"message":{"id":"msg_1","type":"message","role":"assistant","content":[],"usage":{"input_tokens":25,"cache_creation_input_tokens":8,"cache_read_input_tokens":100,"output_tokens":1,"service_tier":"standard"}})");
const std::string kBlock =
    event("content_block_start", R"(,"index":0,"content_block":{"type":"text","text":""})");
const std::string kEnd =
    event("message_delta", R"(,"delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15})");
const std::string kStop = event("message_stop");

std::string text(const std::string& said) {
  return event("content_block_delta",
               R"(,"index":0,"delta":{"type":"text_delta","text":")" + said + "\"}");
}

}  // namespace

TEST_CASE("message meter: a stream split anywhere passes whole and is settled before its end") {
  std::mt19937 random(7);
  const auto stream = kStart + event("ping") + kBlock + text("Hello \\\"usage\\\": there") +
                      event("content_block_stop", R"(,"index":0)") + kEnd;
  for (int i = 0; i < 300; ++i) {
    Meter meter(Kind::stream, options());
    std::string early;
    const auto whole = stream + kStop;
    const std::size_t most = 1 + random() % 40;
    for (std::size_t at = 0; at < whole.size();) {
      const auto size = 1 + random() % most;
      early += meter.feed(whole.substr(at, size));
      at += size;
    }
    CHECK(early == stream);
    CHECK(meter.done());
    CHECK_FALSE(meter.failed());
    CHECK(meter.rest() == kStop);
    REQUIRE(meter.usage_kind() == UsageKind::reported);
    CHECK(meter.knows_output());
    CHECK_FALSE(meter.has_output_after_usage());
    const auto& usage = meter.usage().usage;
    CHECK(usage[Bucket::input] == 25);
    CHECK(usage[Bucket::cached_input] == 100);
    CHECK(usage[Bucket::cache_write] == 8);
    CHECK(usage[Bucket::output] == 15);
    CHECK(meter.tier() == domain::ServiceTier::standard);
  }
}

TEST_CASE("message meter: a stream that is cut knows its prompt and counts what was said") {
  Meter meter(Kind::stream, options());
  static_cast<void>(meter.feed(kStart));
  CHECK_FALSE(meter.has_content());
  CHECK_FALSE(meter.has_visible_text());
  CHECK_FALSE(meter.knows_output());
  static_cast<void>(meter.feed(kBlock + text("12345678") + text("1234")));
  meter.end();
  CHECK(meter.usage_kind() == UsageKind::reported);
  CHECK(meter.usage().completion_missing);
  CHECK(meter.usage().usage[Bucket::input] == 25);
  CHECK(meter.estimated_output() == 3);
  CHECK(meter.has_visible_text());
  CHECK(meter.has_content());
}

TEST_CASE("message meter: an error before any answer takes the prompt's usage back") {
  const auto overloaded =
      event("error", R"(,"error":{"type":"overloaded_error","message":"Overloaded"})");
  Meter early(Kind::stream, options());
  CHECK(early.feed(kStart + event("ping") + overloaded) == kStart + event("ping") + overloaded);
  early.end();
  CHECK(early.failed());
  CHECK_FALSE(early.has_content());
  CHECK(early.usage_kind() == UsageKind::missing);

  Meter late(Kind::stream, options());
  static_cast<void>(late.feed(kStart + kBlock + text("Hello") + overloaded));
  late.end();
  CHECK(late.failed());
  CHECK(late.has_content());
  CHECK(late.usage_kind() == UsageKind::reported);
}

TEST_CASE("message meter: thoughts that only the provider can read are no text") {
  Meter meter(Kind::stream, options());
  static_cast<void>(meter.feed(
      kStart +
      event("content_block_start",
            R"(,"index":0,"content_block":{"type":"thinking","thinking":"","signature":""})") +
      event("content_block_delta",
            R"(,"index":0,"delta":{"type":"signature_delta","signature":"0123456789012345"})")));
  CHECK(meter.estimated_output() == 4);
  CHECK_FALSE(meter.has_visible_text());
  CHECK(meter.has_content());
}

TEST_CASE("message meter: an event that is too long to be kept is read as it passes") {
  const std::string input(200'000, 'x');
  const auto long_delta =
      event("content_block_delta",
            R"(,"index":0,"delta":{"type":"input_json_delta","partial_json":")" + input + "\"}");
  const auto found = event(
      "content_block_start",
      R"(,"index":1,"content_block":{"type":"web_search_tool_result","content":")" + input + "\"}");
  Meter meter(Kind::stream, options());
  std::string passed;
  const auto whole = kStart + long_delta + found;
  for (std::size_t at = 0; at < whole.size(); at += 1000) {
    passed += meter.feed(whole.substr(at, 1000));
  }
  CHECK(passed == whole);
  CHECK(meter.estimated_output() >= 50'000);
  CHECK(meter.estimated_output() < 60'000);
  CHECK(meter.has_visible_text());
  static_cast<void>(meter.feed(kEnd));
  CHECK(meter.usage().usage[Bucket::output] == 15);
  CHECK(meter.knows_output());
}

TEST_CASE("message meter: a plain reply has its usage at the root") {
  Meter meter(Kind::plain, options());
  const std::string body =
      R"({"id":"msg_1","content":[{"type":"text","text":"\"usage\":{\"input_tokens\":9}"}],"usage":{"input_tokens":10,"cache_read_input_tokens":90,"output_tokens":6,"service_tier":"priority"}})";
  CHECK(meter.feed(body) == body);
  meter.end();
  CHECK(meter.usage().usage[Bucket::input] == 10);
  CHECK(meter.usage().usage[Bucket::cached_input] == 90);
  CHECK(meter.usage().usage[Bucket::output] == 6);
  CHECK(meter.tier() == domain::ServiceTier::priority);
  CHECK_FALSE(meter.failed());

  Meter failed(Kind::plain, options());
  static_cast<void>(failed.feed(R"({"type":"error","error":{"type":"api_error","message":"x"}})"));
  CHECK(failed.failed());
}
