// Requests in Anthropic's form: what is decided on, and what bounds them.
#include "lib/openai/content_bound.hpp"
#include "lib/openai/request.hpp"
#include "lib/openai/splice.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::openai;

namespace {

/// A body with `members` beside model and max_tokens.
std::string with(const std::string& members) {
  return R"({"model":"claude","max_tokens":100,)" + members + "}";
}
/// A body whose only message has `blocks`.
std::string saying(const std::string& blocks) {
  return with(R"("messages":[{"role":"user","content":[)" + blocks + "]}]");
}
std::string tooled(const std::string& tools) {
  return with(R"("messages":[],"tools":[)" + tools + "]");
}

std::string verdict(const std::string& body, Form form = Form::messages) {
  const auto read = read_request(form, body);
  const auto* bad = std::get_if<BadRequest>(&read);
  return bad == nullptr ? "ok" : bad->code + " " + bad->param;
}

Request request(const std::string& body, Form form = Form::messages) {
  auto read = read_request(form, body);
  if (const auto* bad = std::get_if<BadRequest>(&read)) FAIL(bad->message);
  return std::get<Request>(std::move(read));
}

std::int64_t size(const std::string& text) {
  return static_cast<std::int64_t>(text.size());
}

}  // namespace

TEST_CASE("message request: max_tokens is asked for, and bounds what is made") {
  const auto body = with(R"("stream":true,"thinking":{"type":"enabled","budget_tokens":64})");
  const auto read = request(body);
  CHECK(read.call.model == "claude");
  CHECK(read.call.stream);
  CHECK(read.call.as_message);
  CHECK(read.call.is_charged);
  CHECK(read.call.output_cap == 100);
  CHECK(read.call.choices == 1);
  CHECK(read.call.prompt_bound == size(body));
  CHECK_FALSE(read.call.prompt_is_elsewhere);

  CHECK(verdict(R"({"model":"m","messages":[]})") == "invalid_value max_tokens");
  CHECK(verdict(R"({"model":"m","max_tokens":null})") == "invalid_value max_tokens");
  for (const auto* value : {"-1", "1.5", "\"9\"", "1e3", "9007199254740993", "{}"}) {
    CHECK(verdict(R"({"model":"m","max_tokens":)" + std::string(value) + "}") ==
          "invalid_value max_tokens");
  }
  // The prompt is written to the cache and nothing is made.
  CHECK(request(R"({"model":"m","max_tokens":0})").call.output_cap == 0);
}

TEST_CASE("message request: counting tokens makes nothing and is free") {
  const auto read = request(R"({"model":"m","messages":[]})", Form::message_tokens);
  CHECK(read.call.as_message);
  CHECK_FALSE(read.call.is_charged);
  CHECK_FALSE(read.call.makes_output);
  CHECK(verdict(R"({"messages":[]})", Form::message_tokens) == "invalid_value model");
}

TEST_CASE("message request: a field that decides stands there once and in its own case") {
  for (const std::string field : {"model",
                                  "stream",
                                  "max_tokens",
                                  "messages",
                                  "system",
                                  "tools",
                                  "mcp_servers",
                                  "container",
                                  "fallbacks",
                                  "speed",
                                  "inference_geo",
                                  "context_management",
                                  "compaction"}) {
    CAPTURE(field);
    auto other = field;
    other[1] = static_cast<char>(other[1] - 32);
    const auto null = "\"" + field + "\":null,";
    CHECK(verdict("{" + null + null + R"("x":1})") != "ok");
    CHECK(verdict(R"({"model":"m","max_tokens":1,")" + other + "\":null}") ==
          "invalid_value " + field);
  }
  CHECK(verdict(with(R"("messages":"hi")")) == "invalid_value messages");
  CHECK(verdict(with(R"("system":7)")) == "invalid_value system");
  CHECK(verdict(with(R"("stream":"yes")")) == "invalid_value stream");
}

TEST_CASE("message request: the model is renamed as text") {
  const std::string body = R"({ "max_tokens" : 1, "model" : "a\u0062", "messages":[] })";
  Changes changes;
  changes.model = "claude-x";
  CHECK(splice_request(body, request(body), changes) ==
        R"({ "max_tokens" : 1, "model" : "claude-x", "messages":[] })");
}

TEST_CASE("message request: an image counts by its pixels where it is one and nothing else") {
  const std::string data(80'000, 'A');
  const auto source =
      R"("source":{"type":"base64","media_type":"image/png","data":")" + data + "\"}";
  for (const auto& block :
       {R"({"type":"image",)" + source + "}",
        "{" + source + R"(,"type":"image"})",
        R"({"type":"tool_result","content":[{"type":"image",)" + source + "}]}",
        R"({"type":"document","source":{"type":"content","content":[{"type":"image",)" + source +
            "}]}}"}) {
    CAPTURE(block.substr(0, 60));
    const auto body = saying(block);
    const auto call = request(body).call;
    CHECK(call.prompt_bound == size(body) - size(data) - 2 + kImageTokenBound);
    CHECK_FALSE(call.prompt_is_elsewhere);
  }
  // Where a server may read it as text, it is text.
  for (const auto& block :
       {R"({"type":"tool_use","id":"t","name":"f","input":{"content":[{"type":"image",)" + source +
            "}]}}",
        R"({"type":"text","text":"x",)" + source + "}",
        R"({"type":"image","Source":{"type":"base64","data":")" + data + "\"}}",
        R"({"type":"image","source":{"type":"base64","Data":")" + data + "\"}}",
        R"({"type":"image","Type":"text",)" + source + "}",
        R"({"type":"image","source":{"type":"base64","type":"text","data":")" + data + "\"}}"}) {
    CAPTURE(block.substr(0, 60));
    const auto body = saying(block);
    const auto call = request(body).call;
    CHECK((call.prompt_is_elsewhere || call.prompt_bound >= size(body)));
  }
  const auto by_url = saying(R"({"type":"image","source":{"type":"url","url":"https://x"}})");
  CHECK(request(by_url).call.prompt_bound == size(by_url) + kImageTokenBound);
  CHECK_FALSE(request(by_url).call.prompt_is_elsewhere);
}

TEST_CASE("message request: what is not in the body is bounded by the model's window alone") {
  for (
      const auto* block :
      {R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JV"}})",
       R"({"type":"document","source":{"type":"url","url":"https://x"}})",
       R"({"type":"document","source":{"type":"file","file_id":"f"}})",
       R"({"type":"document"})",
       R"({"type":"container_upload","file_id":"f"})",
       R"({"type":"web_fetch_tool_result","tool_use_id":"t","content":{}})",
       R"({"type":7})",
       R"({"type":"tool_result","content":[{"type":"document","source":{"type":"base64","data":"JV"}}]})"}) {
    CAPTURE(block);
    CHECK(request(saying(block)).call.prompt_is_elsewhere);
  }
  for (
      const auto* block :
      {R"({"type":"text","text":"hi","cache_control":{"type":"ephemeral","ttl":"1h"}})",
       R"({"type":"document","source":{"type":"text","media_type":"text/plain","data":"hi"}})",
       R"({"type":"thinking","thinking":"hm","signature":"xx"})",
       R"({"type":"redacted_thinking","data":"xx"})",
       R"({"type":"tool_use","id":"t","name":"f","input":{"type":"file","content":[{"type":"x"}]}})",
       R"({"type":"search_result","source":"https://x","title":"t","content":[{"type":"text","text":"x"}]})",
       R"({"type":"tool_result","tool_use_id":"t","content":"done"})"}) {
    CAPTURE(block);
    const auto body = saying(block);
    CHECK_FALSE(request(body).call.prompt_is_elsewhere);
    CHECK(request(body).call.prompt_bound == size(body));
  }
  CHECK(request(with(R"("container":"c_1")")).call.prompt_is_elsewhere);
  CHECK_FALSE(request(with(R"("container":null)")).call.prompt_is_elsewhere);
}

TEST_CASE("message request: tools of the client's are text, with what the provider says of them") {
  const auto own = tooled(R"({"name":"f","input_schema":{"type":"object"}},{"type":"custom"})");
  const auto call = request(own).call;
  CHECK(call.prompt_bound == size(own) + 1'000);
  CHECK(call.prompts == 1);
  CHECK(request(own).unbounded_tool.empty());
  const auto shell = tooled(R"({"type":"bash_20250124","name":"bash"})");
  CHECK(request(shell).call.prompt_bound == size(shell) + 2'500);
  CHECK(request(shell).unbounded_tool.empty());
  const auto set = tooled(R"({"type":"computer_toolset_20260801","name":"computer"})");
  CHECK(request(set).call.prompt_bound == size(set) + 16'000);
}

TEST_CASE("message request: a reference to a tool counts as all of them") {
  const std::string tools = R"([{"name":"f","defer_loading":true}])";
  const auto body =
      with(R"("messages":[{"role":"user","content":[{"type":"tool_result","content":[)"
           R"({"type":"tool_reference","tool_name":"f"},{"type":"tool_reference"}]},)"
           R"({"type":"tool_search_tool_result","content":{"tool_references":[)"
           R"({"type":"tool_reference"}]}}]}],"tools":)" +
           tools);
  CHECK(request(body).call.prompt_bound == size(body) + 1'000 + 3 * size(tools));
}

TEST_CASE("message request: a tool that the provider runs is bounded by its uses, or not at all") {
  const auto search = request(tooled(R"({"type":"web_search_20250305","name":"s","max_uses":3})"));
  CHECK(search.unbounded_tool.empty());
  CHECK(search.call.prompts == 4);
  CHECK(search.call.choices == 4);
  CHECK(search.call.prompt_is_elsewhere);
  const auto both = request(
      tooled(R"({"type":"web_search_1","max_uses":3},{"type":"web_fetch_1","max_uses":2})"));
  CHECK(both.call.prompts == 6);
  for (const auto* tools : {R"({"type":"web_search_20250305","name":"s"})",
                            R"({"type":"web_search_20250305","name":"s","max_uses":"3"})",
                            R"({"type":"web_search_20250305","name":"s","Max_uses":3})",
                            R"({"type":"web_search_20250305","name":"s","max_uses":-3})",
                            R"({"type":"code_execution_20260521","name":"c"})",
                            R"({"type":"custom","type":"code_execution_20260521"})",
                            R"({"type":"custom","TYPE":"code_execution_20260521"})",
                            R"({"type":7})",
                            R"({"type":"mcp_toolset","mcp_server_name":"m"})"}) {
    CAPTURE(tools);
    CHECK_FALSE(request(tooled(tools)).unbounded_tool.empty());
  }
  CHECK(request(with(R"("mcp_servers":[{"type":"url","url":"https://x"}])")).unbounded_tool ==
        "mcp_servers");
  CHECK(request(with(R"("mcp_servers":[])")).unbounded_tool.empty());
}

TEST_CASE("message request: what is billed by another list, or beside the answer, is named") {
  CHECK(request(with(R"("speed":"fast")")).repriced_by == "speed");
  CHECK(request(with(R"("speed":"standard")")).repriced_by.empty());
  CHECK(request(with(R"("inference_geo":"us")")).repriced_by == "inference_geo");
  CHECK(request(with(R"("inference_geo":"global")")).repriced_by.empty());
  CHECK(request(with(R"("compaction":{"type":"summarize"})")).repriced_by == "compaction");
  const auto edits = [](const std::string& type) {
    return with(R"("context_management":{"edits":[{"type":")" + type + R"("}]})");
  };
  CHECK(request(edits("compact_20260112")).repriced_by == "context_management");
  CHECK(request(edits("clear_tool_uses_20250919")).repriced_by.empty());
  CHECK(request(edits("clear_thinking_20251015")).repriced_by.empty());
  CHECK(request(with(R"("fallbacks":[{"model":"dear"}])")).other_models == "fallbacks");
  CHECK(request(with(R"("fallbacks":"default")")).other_models == "fallbacks");
  CHECK(request(with(R"("models":["dear"])")).other_models == "models");
}

TEST_CASE("message request: a cache that is kept for longer than usual is seen") {
  const auto kept = [](const std::string& control) {
    const auto block = R"({"type":"text","text":"x","cache_control":)" + control + "}";
    return request(with(R"("system":[)" + block + "]")).caches_for_an_hour;
  };
  CHECK(kept(R"({"type":"ephemeral","ttl":"1h"})"));
  CHECK(kept(R"({"type":"ephemeral","TTL":"1h"})"));
  CHECK_FALSE(kept(R"({"type":"ephemeral","ttl":"5m"})"));
  CHECK_FALSE(kept(R"({"type":"ephemeral"})"));
  CHECK(request(with(R"("cache_control":{"type":"ephemeral","ttl":"1h"})")).caches_for_an_hour);
  CHECK_FALSE(request(with(R"("metadata":{"ttl":"1h"})")).caches_for_an_hour);
}

TEST_CASE("message request: a conversation that the provider keeps is refused") {
  CHECK(verdict(with(R"("thread":{"type":"continue","previous_message_id":"m"})")) ==
        "invalid_value thread");
  CHECK(verdict(with(R"("thread":null)")) == "ok");
}
