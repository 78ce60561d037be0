// What replies and streams in Anthropic's form say they used.
#include "lib/openai/message_usage.hpp"

#include "lib/openai/message_event.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::openai;
using domain::Bucket;

namespace {

/// "input/cached/written/output/reasoning", with "?" behind a half that is not known.
std::string counts(const UsageReading& reading) {
  if (reading.kind == UsageKind::missing) return "missing";
  if (reading.kind == UsageKind::impossible) return "impossible";
  const auto& reported = reading.reported;
  std::string text;
  for (const auto bucket : {Bucket::input,
                            Bucket::cached_input,
                            Bucket::cache_write,
                            Bucket::output,
                            Bucket::reasoning}) {
    if (!text.empty()) text += '/';
    text += std::to_string(reported.usage[bucket]);
  }
  if (reported.prompt_missing) text += " prompt?";
  if (reported.completion_missing) text += " output?";
  return text;
}

std::string plain(const std::string& json) {
  return counts(read_message_usage(json));
}

/// A stream whose start and deltas say these.
std::string streamed(const std::string& start, std::initializer_list<const char*> deltas) {
  MessageUsage usage;
  usage.add(start, /*is_whole=*/false);
  for (const auto* delta : deltas) usage.add(delta, /*is_whole=*/true);
  return counts(usage.reading());
}

}  // namespace

TEST_CASE("message usage: input knows nothing of the cache, output all of the thinking") {
  CHECK(plain(R"({"input_tokens":12,"output_tokens":7})") == "12/0/0/7/0");
  CHECK(
      plain(R"({"input_tokens":12,"cache_creation_input_tokens":300,"cache_read_input_tokens":4000,
      "cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":100},
      "output_tokens":90,"output_tokens_details":{"thinking_tokens":60},"service_tier":"standard",
      "server_tool_use":{"web_search_requests":1,"web_fetch_requests":0},"inference_geo":"global"})") ==
      "12/4000/300/30/60");
  CHECK(
      plain(
          R"({"input_tokens":1,"output_tokens":2,"cache_creation":{"ephemeral_1h_input_tokens":9}})") ==
      "1/0/9/2/0");
  CHECK(plain(R"({"input_tokens":1,"output_tokens":2,"cache_creation":null,
      "cache_read_input_tokens":null,"cache_creation_input_tokens":null})") == "1/0/0/2/0");
  CHECK(plain(R"({"input_tokens":0,"output_tokens":0})") == "0/0/0/0/0");
  CHECK(plain(R"({"output_tokens":5})") == "0/0/0/5/0 prompt?");
  CHECK(plain(R"({"input_tokens":5})") == "5/0/0/0/0 output?");
  CHECK(plain("null") == "missing");
  CHECK(plain(R"({"service_tier":"standard"})") == "missing");
}

TEST_CASE("message usage: passes that stand nowhere else are added") {
  CHECK(plain(R"({"input_tokens":10,"output_tokens":3,"iterations":[
      {"type":"compaction","input_tokens":500,"cache_read_input_tokens":20,"output_tokens":40},
      {"type":"message","input_tokens":10,"output_tokens":3}]})") == "530/0/0/43/0");
  CHECK(plain(R"({"input_tokens":10,"output_tokens":3,"iterations":[
      {"input_tokens":7,"output_tokens":2,"type":"advisor_message"}]})") == "17/0/0/5/0");
  CHECK(plain(R"({"input_tokens":10,"output_tokens":3,"iterations":[]})") == "10/0/0/3/0");
  CHECK(plain(R"({"input_tokens":10,"output_tokens":3,"iterations":null})") == "10/0/0/3/0");
}

TEST_CASE("message usage: what can't be is told from what is not there") {
  for (
      const auto* json :
      {R"({"input_tokens":-1,"output_tokens":2})",
       R"({"input_tokens":1.5,"output_tokens":2})",
       R"({"input_tokens":"1","output_tokens":2})",
       R"({"input_tokens":1,"output_tokens":1e99})",
       R"({"input_tokens":{},"output_tokens":1})",
       R"({"input_tokens":1,"output_tokens":1,"cache_creation":{"ephemeral_5m_input_tokens":"x"}})",
       R"({"input_tokens":1,"output_tokens":1,"iterations":[{"type":"compaction","output_tokens":-1}]})",
       R"({"input_tokens":1,"output_tokens":1,"iterations":[{"type":"compaction","output_tokens":1000000000}]})",
       R"({"input_tokens":1,"output_tokens":1,"cache_creation":{"a_input_tokens":9,"b_input_tokens":1000000000}})",
       "[]",
       "7",
       "{"}) {
    CAPTURE(json);
    CHECK(plain(json) == "impossible");
  }
}

TEST_CASE("message usage: the last of a stream counts, with what it leaves out") {
  const std::string start =
      R"({"input_tokens":25,"cache_creation_input_tokens":8,"cache_read_input_tokens":100,"output_tokens":1})";
  CHECK(streamed(start, {}) == "25/100/8/1/0 output?");
  CHECK(streamed(start, {R"({"output_tokens":15})"}) == "25/100/8/15/0");
  CHECK(streamed(start, {R"({"output_tokens":5})", R"({"output_tokens":15})"}) == "25/100/8/15/0");
  CHECK(streamed(start, {R"({"input_tokens":40,"output_tokens":15,
      "output_tokens_details":{"thinking_tokens":9}})"}) == "40/100/8/6/9");
  CHECK(streamed(start, {R"({"input_tokens":null,"output_tokens":15})"}) == "25/100/8/15/0");
  // Some say nothing but zeros at the end, or at the start.
  CHECK(streamed(start, {R"({"input_tokens":0,"cache_read_input_tokens":0,
      "cache_creation_input_tokens":0,"output_tokens":15})"}) == "25/100/8/15/0");
  CHECK(streamed(R"({"input_tokens":0,"output_tokens":0})",
                 {R"({"input_tokens":9,"output_tokens":15})"}) == "9/0/0/15/0");
  CHECK(streamed(start, {R"({})"}) == "25/100/8/1/0 output?");
  // They only grow: a smaller one is no news.
  CHECK(streamed(start, {R"({"output_tokens":90})", R"({"output_tokens":2})"}) == "25/100/8/90/0");
  CHECK(streamed(start, {R"({"output_tokens":-1})"}) == "impossible");
}

TEST_CASE("message usage: says at which tier it was served") {
  const auto tier = [](const std::string& name) {
    return read_message_usage(R"({"output_tokens":1,"service_tier":")" + name + "\"}")
        .reported.tier;
  };
  CHECK(tier("standard") == domain::ServiceTier::standard);
  CHECK(tier("priority") == domain::ServiceTier::priority);
  CHECK(tier("batch") == domain::ServiceTier::batch);
  CHECK_FALSE(tier("other").has_value());
}

TEST_CASE("message event: each type says what it is for") {
  const auto start = read_message_event(
      R"({"type":"message_start","message":{"id":"msg_1","content":[],"usage":{"input_tokens":25,"output_tokens":1}}})");
  CHECK(start.usage == R"({"input_tokens":25,"output_tokens":1})");
  CHECK_FALSE(start.usage_is_whole);
  CHECK(start.tokens == 0);

  const auto text = read_message_event(
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello there"}})");
  CHECK(text.usage.empty());
  CHECK(text.tokens == 3);
  CHECK(text.has_text);

  const auto signature = read_message_event(
      R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM"}})");
  CHECK(signature.tokens == 3);
  CHECK_FALSE(signature.has_text);

  const auto redacted = read_message_event(
      R"({"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"EmwKAhgB"}})");
  CHECK(redacted.tokens == 2);
  CHECK(read_message_event(
            R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})")
            .tokens == 0);
  CHECK(
      read_message_event(
          R"({"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{\"a\":1"}})")
          .has_text);

  const auto delta = read_message_event(
      R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}})");
  CHECK(delta.usage == R"({"output_tokens":15})");
  CHECK(delta.usage_is_whole);

  CHECK(read_message_event(R"({"type":"message_stop"})").ends);
  CHECK(read_message_event(R"({"type":"error","error":{"type":"overloaded_error"}})").failed);
  for (const auto* data : {"", "{", "[1]", R"({"type":"ping"})", R"({"type":"later","usage":7})"}) {
    const auto nothing = read_message_event(data);
    CHECK(nothing.usage.empty());
    CHECK(nothing.tokens == 0);
    CHECK_FALSE(nothing.ends);
    CHECK_FALSE(nothing.failed);
  }
}
