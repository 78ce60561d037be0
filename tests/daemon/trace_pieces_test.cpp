#include "daemon/trace_pieces.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

using nufi::daemon::said_in_pieces;

namespace {

std::string event(const std::string& json) {
  return "data: " + json + "\n\n";
}

/// Whether one place of the reply says just `text`.
bool says(const std::string& reply, const std::string& text) {
  const auto said = said_in_pieces(reply);
  return std::any_of(said.begin(), said.end(), [&text](const auto& pieces) {
    return std::accumulate(pieces.begin(), pieces.end(), std::string()) == text;
  });
}

}  // namespace

TEST_CASE("pieces: each field of a chat's chunks is a place, for each choice") {
  for (const char* field :
       {"content", "refusal", "reasoning_content", "reasoning", "any_other_field"}) {
    CAPTURE(field);
    const auto chunk = [field](const char* choice, const char* said) {
      return event(std::string(R"({"choices":[{"index":)") + choice + R"(,"delta":{")" + field +
                   R"(":")" + said + R"("}}]})");
    };
    const auto reply = chunk("0", "Hel") + chunk("1", "zz") + chunk("0", "lo") + chunk("1", "-zz");
    CHECK(says(reply, "Hello"));
    CHECK(says(reply, "zz-zz"));
  }
}

TEST_CASE("pieces: arguments of calls belong to their call, which only its first piece describes") {
  const auto chunk = [](const char* call) {
    return event(std::string(R"({"choices":[{"index":0,"delta":{"tool_calls":[{)") + call +
                 "}]}}]}");
  };
  const auto reply =
      chunk(R"("index":0,"id":"a","type":"function","function":{"name":"f","arguments":"{1"})") +
      chunk(R"("index":1,"id":"b","type":"function","function":{"name":"g","arguments":"{2"})") +
      chunk(R"("index":0,"function":{"arguments":"}"})") +
      chunk(R"("index":1,"function":{"arguments":")"
            R"(}"})");
  CHECK(says(reply, "{1}"));
  CHECK(says(reply, "{2}"));
  const auto old = [](const char* said) {
    return event(std::string(R"({"choices":[{"delta":{"function_call":{"arguments":")") + said +
                 R"("}}}]})");
  };
  CHECK(says(old("{") + old("}"), "{}"));
}

TEST_CASE("pieces: blocks of Anthropic's messages and items of the responses are places") {
  const auto block = [](const char* index, const char* delta) {
    return event(std::string(R"({"type":"content_block_delta","index":)") + index +
                 R"(,"delta":{)" + delta + "}}");
  };
  const auto message = block("0", R"("type":"thinking_delta","thinking":"h")") +
                       block("1", R"("type":"text_delta","text":"a")") +
                       block("0", R"("type":"thinking_delta","thinking":"m")") +
                       block("1", R"("type":"text_delta","text":"b")");
  CHECK(says(message, "hm"));
  CHECK(says(message, "ab"));
  const auto item = [](const char* type, const char* index, const char* delta) {
    return event(std::string(R"({"type":")") + type + R"(","output_index":)" + index +
                 R"(,"delta":")" + delta + R"("})");
  };
  const auto response = item("response.output_text.delta", "0", "a") +
                        item("response.reasoning_text.delta", "0", "h") +
                        item("response.output_text.delta", "1", "x") +
                        item("response.output_text.delta", "0", "b") +
                        item("response.reasoning_text.delta", "0", "m");
  CHECK(says(response, "ab"));
  CHECK(says(response, "hm"));
  CHECK(says(response, "x"));
}

TEST_CASE("pieces: tokens in a list, of a plain reply as well, and events that are no JSON") {
  const std::string plain =
      R"({"choices":[{"logprobs":{"content":[{"token":"Hel"},{"token":"lo"}]}}]})";
  CHECK(says(plain, "Hello"));
  CHECK(says(event(plain) + event(plain), "HelloHello"));
  CHECK(says("data: Hel\n\ndata: lo\n", "Hello"));
}

TEST_CASE("pieces: what is no reply says nothing, and depth does no harm") {
  CHECK(said_in_pieces("").empty());
  CHECK(said_in_pieces("plain text\n\n").empty());
  CHECK(said_in_pieces("[1,null,{}]").empty());
  CHECK(said_in_pieces(std::string(150'000, '[') + std::string(150'000, ']')).empty());
}

TEST_CASE("pieces: long ways to many fields take no more room than the reply") {
  std::string reply;
  for (int depth = 0; depth < 32; ++depth) reply += "{\"" + std::string(8'000, 'a') + "\":";
  reply += '{';
  for (int field = 0; field < 30'000; ++field) reply += '"' + std::to_string(field) + "\":\"x\",";
  reply += R"("last":"x"})" + std::string(32, '}');
  CHECK(said_in_pieces(reply).size() == 30'001);
}
