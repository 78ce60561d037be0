#include "daemon/trace_text.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace nufi;
using domain::TraceMessage;
using domain::TraceToolCall;

namespace {

domain::TraceView read(std::string request,
                       std::string reply = {},
                       std::string_view type = "application/json") {
  domain::TraceView view;
  view.trace.request.content_type = type;
  view.trace.request.bytes = std::move(request);
  view.trace.reply.bytes = std::move(reply);
  daemon::read_conversation(view);
  return view;
}

using Prompt = std::vector<TraceMessage>;
using Calls = std::vector<TraceToolCall>;

}  // namespace

TEST_CASE("conversation: a chat's messages, with what is no text named") {
  const auto view = read(
      R"({"messages":[{"role":"system","content":"be brief"},)"
      R"({"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{}}]},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},)"
      R"({"role":"tool","content":"42"}]})",
      R"({"choices":[{"message":{"content":"yes","tool_calls":[{"function":{"name":"g","arguments":"{\"a\":1}"}}]}}]})");
  CHECK(view.prompt == Prompt{{"system", "be brief"},
                              {"user", "look\n[image_url]"},
                              {"assistant", "[calls f]"},
                              {"tool", "42"}});
  CHECK(view.answer == "yes");
  CHECK(view.tool_calls == Calls{{"g", R"({"a":1})"}});
}

TEST_CASE("conversation: completions, embeddings and the others by the name of their field") {
  CHECK(read(R"({"prompt":"once"})", R"({"choices":[{"text":"upon"}]})").answer == "upon");
  CHECK(read(R"({"prompt":"once"})").prompt == Prompt{{"prompt", "once"}});
  CHECK(read(R"({"input":["a","b"]})").prompt == Prompt{{"input", "a\nb"}});
  CHECK(read(R"({"query":"q","documents":["d"]})").prompt ==
        Prompt{{"query", "q"}, {"documents", "d"}});
}

TEST_CASE("conversation: responses, whole and streamed") {
  const auto whole = read(
      R"({"instructions":"be kind","input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]},)"
      R"({"type":"function_call_output","output":"7"}]})",
      R"({"output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]},)"
      R"({"type":"function_call","name":"f","arguments":"{}"}]})");
  CHECK(whole.prompt ==
        Prompt{{"system", "be kind"}, {"user", "hi"}, {"function_call_output", "7"}});
  CHECK(whole.answer == "hello");
  CHECK(whole.tool_calls == Calls{{"f", "{}"}});
  const auto streamed =
      read("{}",
           "event: response.output_text.delta\n"
           "data: {\"type\":\"response.output_text.delta\",\"delta\":\"hel\"}\n\n"
           "data: {\"type\":\"response.output_text.delta\",\"delta\":\"lo\"}\n\n"
           "data: {\"type\":\"response.output_item.done\",\"item\":{\"type\":\"function_call\","
           "\"name\":\"f\",\"arguments\":\"{}\"}}\n\n");
  CHECK(streamed.answer == "hello");
  CHECK(streamed.tool_calls == Calls{{"f", "{}"}});
}

TEST_CASE("conversation: Anthropic's messages, whole and streamed") {
  const auto whole = read(
      R"({"system":[{"type":"text","text":"be brief"}],"messages":[{"role":"user","content":"hi"}]})",
      R"({"content":[{"type":"text","text":"hello"},{"type":"tool_use","name":"f","input":{"a":1}}]})");
  CHECK(whole.prompt == Prompt{{"system", "be brief"}, {"user", "hi"}});
  CHECK(whole.answer == "hello");
  CHECK(whole.tool_calls == Calls{{"f", R"({"a":1})"}});
  const auto streamed = read(
      "{}",
      "data: "
      "{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\"}}\n\n"
      "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"text\":\"hello\"}}\n\n"
      "data: "
      "{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\","
      "\"name\":\"f\"}}\n\n"
      "data: "
      "{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"partial_json\":\"{}\"}}\n\n");
  CHECK(streamed.answer == "hello");
  CHECK(streamed.tool_calls == Calls{{"f", "{}"}});
}

TEST_CASE("conversation: what is not understood stays out, whatever it is") {
  for (const char* body : {"",
                           "{",
                           "[1,2]",
                           "null",
                           "17",
                           "\xff\xfe",
                           "data: {\n\ndata: 5\n\n",
                           R"({"messages":7,"choices":{"0":1}})",
                           R"({"messages":[null,[],{"content":[null,7]}],"choices":[null,7]})"}) {
    CAPTURE(body);
    const auto view = read(body, body);
    CHECK(view.answer.empty());
    CHECK(view.tool_calls.empty());
  }
  CHECK(read("not closed", "", "multipart/form-data; boundary=x").prompt.empty());
  CHECK(read("--x", "", "multipart/form-data").prompt.empty());
}

TEST_CASE("conversation: a key that came in pieces is masked when they are put together") {
  const std::string key = "sk-nufi-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY";
  const auto piece = [](const std::string& text) {
    return R"(data: {"choices":[{"index":0,"delta":{"content":")" + text + "\"}}]}\n\n";
  };
  const auto view = read("{}", piece(key.substr(0, 20)) + piece(key.substr(20)));
  CHECK(view.answer == "sk-nufi-…");
}

TEST_CASE("conversation: a key written with escapes is masked when it is read") {
  const std::string escaped = R"(\u0073k-nufi-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY)";
  const auto view = read(R"({"messages":[{"role":"user","content":")" + escaped + R"("}]})",
                         R"({"choices":[{"message":{"content":")" + escaped +
                             R"(","tool_calls":[{"function":{"name":"f","arguments":")" + escaped +
                             R"("}}]}}]})");
  CHECK(view.prompt == Prompt{{"user", "sk-nufi-…"}});
  CHECK(view.answer == "sk-nufi-…");
  CHECK(view.tool_calls == Calls{{"f", "sk-nufi-…"}});
}

TEST_CASE("conversation: escapes in JSON in a string hide no key") {
  const std::string key = "u0073k-nufi-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY";
  const auto view = read(
      R"({"prompt":"{\"k\":\"\\)" + key + R"(\"}"})",
      R"({"choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":"{\"k\":\"\\)" +
          key + R"(\"}"}}]}}]})");
  CHECK(view.prompt == Prompt{{"prompt", R"({"k":"sk-nufi-…"})"}});
  CHECK(view.tool_calls == Calls{{"f", R"({"k":"sk-nufi-…"})"}});
}

TEST_CASE("conversation: choices that came in turns are told one behind the other") {
  const auto said = [](const std::string& choice) {
    return R"(data: {"choices":[{)" + choice + "}]}\n\n";
  };
  const auto view =
      read("{}",
           said(R"("index":1,"delta":{"content":"zz"})") + said(R"("delta":{"content":"Hell"})") +
               said(R"("index":1,"delta":{"content":"-zz"})") +
               said(R"("index":0,"delta":{"content":"o"})"));
  CHECK(view.answer == "Hello\nzz-zz");
}

TEST_CASE("conversation: an event without its blank line is read as well") {
  CHECK(read("{}", "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n").answer == "hi");
}

TEST_CASE("conversation: what is retold of a reply that is not kept reads as it did") {
  domain::TraceView view;
  view.answer = "it is \xff";
  view.tool_calls = {{"f", R"({"a":1})"}};
  const auto again = read("{}", daemon::retold(view));
  CHECK(again.answer == "it is \xef\xbf\xbd");
  CHECK(again.tool_calls == view.tool_calls);
  CHECK(again.trace.reply.bytes.find("[not kept: ") != std::string::npos);
}

TEST_CASE("conversation: JSON of any depth is read without harm") {
  const std::string deep(150'000, '[');
  const std::string closed = deep + std::string(150'000, ']');
  const auto view =
      read(R"({"prompt":)" + closed + "}",
           R"({"output":[{"type":"function_call","name":"f","input":)" + closed + "}]}");
  CHECK(view.tool_calls.size() == 1);
  CHECK(read(deep, deep).answer.empty());
}
