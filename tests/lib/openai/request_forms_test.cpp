// What differs between the endpoints: their fields, what they make, and what bounds it.
#include "lib/openai/request.hpp"
#include "lib/openai/splice.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::openai;
using namespace std::string_literals;

namespace {

/// A body with `members` beside the model.
std::string with(const std::string& members) {
  return R"({"model":"m",)" + members + "}";
}

std::string verdict(Form form, const std::string& body) {
  const auto read = read_request(form, body);
  const auto* bad = std::get_if<BadRequest>(&read);
  return bad == nullptr ? "ok" : bad->code + " " + bad->param;
}

Request request(Form form, const std::string& body) {
  auto read = read_request(form, body);
  if (const auto* bad = std::get_if<BadRequest>(&read)) FAIL(bad->message);
  return std::get<Request>(std::move(read));
}

std::int64_t size(const std::string& text) {
  return static_cast<std::int64_t>(text.size());
}

}  // namespace

TEST_CASE("request: every form refuses what is not an object, and a model that is no name") {
  for (const auto form : {Form::chat,
                          Form::completions,
                          Form::embeddings,
                          Form::responses,
                          Form::moderations,
                          Form::images,
                          Form::speech,
                          Form::rerank}) {
    for (const auto* body : {"", "[]", "null", "{", "{\"model\":\"m\"}}", "model=m"}) {
      CHECK(verdict(form, body) == "invalid_json ");
    }
    for (const auto* value : {"1", "null", "[]", "{}", "\"\""}) {
      CHECK(verdict(form, R"({"input":"x","model":)"s + value + "}") == "invalid_value model");
    }
    CHECK(verdict(form, R"({"input":"x","model":"m","model":"n"})") == "invalid_value model");
    CHECK(verdict(form, R"({"input":"x","model":"m","Model":"n"})") == "invalid_value model");
    CHECK(verdict(form, R"({"input":"x","model":"m","\u006dodel":"n"})") == "invalid_value model");
  }
}

TEST_CASE("request: only a moderation may leave its model out") {
  for (const auto form : {Form::completions,
                          Form::embeddings,
                          Form::responses,
                          Form::images,
                          Form::speech,
                          Form::rerank}) {
    CHECK(verdict(form, R"({"input":"x"})") == "invalid_value model");
  }
  const std::string body = R"({"input":"x"})";
  const auto read = request(Form::moderations, body);
  CHECK(read.call.model == "omni-moderation-latest");
  Changes changes;
  changes.model = "omni-moderation-latest";
  CHECK(splice_request(body, read, changes) == body);
  changes.model = "mine";
  CHECK(splice_request(body, read, changes) == R"({"model":"mine","input":"x"})");
  CHECK(verdict(Form::moderations, "{}") == "invalid_value input");
  CHECK(verdict(Form::moderations, R"({"input":null})") == "invalid_value input");
}

TEST_CASE("request: a form decides on its own fields only") {
  CHECK(verdict(Form::embeddings, with(R"("stream":1,"STREAM":2,"n":"x","max_tokens":-1)")) ==
        "ok");
  CHECK(verdict(Form::responses, with(R"("n":"x","max_tokens":"y","messages":1)")) == "ok");
  CHECK(verdict(Form::chat, with(R"("input":1,"prompt":2,"background":3)")) == "ok");
  CHECK(verdict(Form::rerank, with(R"("input":1,"n":"x")")) == "ok");
}

TEST_CASE("request: a field of another form's kind is refused by its name") {
  struct Case {
    Form form;
    const char* field;
    const char* bad;
  };
  for (const auto& each : {Case{Form::completions, "max_tokens", "-1"},
                           Case{Form::completions, "best_of", "0"},
                           Case{Form::completions, "prompt", "5"},
                           Case{Form::completions, "stream", "\"yes\""},
                           Case{Form::embeddings, "input", "true"},
                           Case{Form::responses, "max_output_tokens", "1.5"},
                           Case{Form::responses, "max_output_tokens", "[]"},
                           Case{Form::responses, "max_tool_calls", "\"3\""},
                           Case{Form::responses, "background", "1"},
                           Case{Form::responses, "stream", "{}"},
                           Case{Form::responses, "tools", "{}"},
                           Case{Form::responses, "service_tier", "[]"},
                           Case{Form::images, "n", "2.0"},
                           Case{Form::images, "n", "2147483648"},
                           Case{Form::images, "stream", "0"},
                           Case{Form::speech, "input", "[\"x\"]"},
                           Case{Form::speech, "input", "null"},
                           Case{Form::speech, "stream_format", "1"},
                           Case{Form::rerank, "documents", "\"x\""}}) {
    CAPTURE(each.field);
    CAPTURE(each.bad);
    const auto member = "\""s + each.field + "\":";
    CHECK(verdict(each.form, with(member + each.bad)) == "invalid_value "s + each.field);
    CHECK(verdict(each.form, with(member + "\"x\"," + member + "\"x\"")) ==
          "invalid_value "s + each.field);
    auto shouted = member;
    for (auto& c : shouted) c = static_cast<char>(std::toupper(c));
    CHECK(verdict(each.form, with(shouted + "\"x\"")) == "invalid_value "s + each.field);
  }
}

TEST_CASE("request: completions are made for each prompt, and n or best_of of each") {
  const auto choices = [](const std::string& members) {
    return request(Form::completions, with(members)).call.choices;
  };
  CHECK(choices(R"("prompt":"x")") == 1);
  CHECK(choices(R"("x":1)") == 1);
  CHECK(choices(R"("prompt":["a","b","c"])") == 3);
  CHECK(choices(R"("prompt":["a","b","c"],"n":2)") == 6);
  CHECK(choices(R"("prompt":["a","b"],"n":2,"best_of":5)") == 10);
  CHECK(choices(R"("prompt":[1,2,3],"n":2)") == 2);
  CHECK(choices(R"("prompt":[[1,2],[3]])") == 2);
  CHECK(choices(R"("prompt":[[1,2],[3]],"n":2147483647)") == INT64_C(4294967294));
  CHECK(request(Form::completions, with(R"("max_tokens":0)")).call.output_cap == 0);
  CHECK_FALSE(request(Form::completions, with(R"("prompt":"x")")).call.output_cap);
}

TEST_CASE("request: token ids count as themselves, not as their digits") {
  const auto ids = with(R"("prompt":[100257,100258,100259])");
  CHECK(request(Form::completions, ids).call.prompt_bound == size(ids) - 3 * 6 + 3);
  const auto lists = with(R"("input":[[100257],[1,22]])");
  const auto read = request(Form::embeddings, lists).call;
  CHECK(read.prompt_bound == size(lists) - 6 - 1 - 2 + 3);
  CHECK(read.prompts == 2);
  const auto digits = with(R"("input":"100257")");
  CHECK(request(Form::embeddings, digits).call.prompt_bound == size(digits));
  const auto elsewhere = with(R"("input":"x","dimensions":100257,"x":[[100257]])");
  CHECK(request(Form::embeddings, elsewhere).call.prompt_bound == size(elsewhere));
}

TEST_CASE("request: embeddings, moderations and rerankings make nothing") {
  const auto embedding = request(Form::embeddings, with(R"("input":["a","b"])")).call;
  CHECK_FALSE(embedding.makes_output);
  CHECK(embedding.prompts == 2);
  CHECK_FALSE(request(Form::moderations, with(R"("input":"a")")).call.makes_output);
  const auto body = with(R"("query":"why?","documents":["a",{"text":"b"},"c"])");
  const auto reranking = request(Form::rerank, body).call;
  CHECK_FALSE(reranking.makes_output);
  CHECK(reranking.prompts == 3);
  // The query is read with each document.
  CHECK(reranking.prompt_bound == size(body) + 2 * size("\"why?\""));
}

TEST_CASE("request: n_predict, which some servers prefer to max_tokens, may not pass it") {
  for (const auto form : {Form::chat, Form::completions}) {
    CHECK(verdict(form, with(R"("max_tokens":10,"n_predict":11)")) == "invalid_value n_predict");
    CHECK(verdict(form, with(R"("n_predict":5)")) == "invalid_value n_predict");
    CHECK(verdict(form, with(R"("max_tokens":10,"n_predict":-1)")) == "invalid_value n_predict");
    CHECK(verdict(form, with(R"("max_tokens":10,"n_predict":10)")) == "ok");
  }
}

TEST_CASE("request: pictures are bounded by their number and largest size") {
  const auto one = request(Form::images, with(R"("prompt":"a cat")")).call;
  CHECK(one.image_bound == 1);
  CHECK(one.choices == 1);
  CHECK(one.output_cap == 8192);
  const auto four = request(Form::images, with(R"("prompt":"a cat","n":4,"stream":true)")).call;
  CHECK(four.image_bound == 4);
  CHECK(four.choices == 4);
  CHECK(four.stream);
  CHECK(request(Form::images, with(R"("n":null)")).call.image_bound == 1);
}

TEST_CASE("request: speech is bounded by its characters, of which an escape is one") {
  const auto read =
      request(Form::speech, with(R"("input":"h\u00e9llo \ud83d\ude00\n","voice":"alloy")"));
  CHECK(read.call.character_bound == 8);
  CHECK(read.call.output_cap == 8 * 21);
  CHECK(read.call.audio_ms_bound == 8000);
  CHECK_FALSE(read.call.stream);
  CHECK(
      request(Form::speech, with("\"input\":\"\xc3\xa9\xf0\x9f\x98\x80\"")).call.character_bound ==
      2);
  CHECK(request(Form::speech, with(R"("input":"x","stream_format":"sse")")).call.stream);
  CHECK_FALSE(request(Form::speech, with(R"("input":"x","stream_format":"audio")")).call.stream);
}

TEST_CASE("request: a response takes its own cap, in its own field") {
  const auto read = request(Form::responses, with(R"("input":"x","max_output_tokens":64)"));
  CHECK(read.call.output_cap == 64);
  CHECK_FALSE(read.in_background);
  CHECK_FALSE(read.call.prompt_is_elsewhere);
  CHECK(read.unbounded_tool.empty());
  const std::string body = R"({"model":"m","max_output_tokens":null})";
  Changes changes;
  changes.output_cap = 300;
  changes.cap_field = CapField::max_output_tokens;
  CHECK(splice_request(body, request(Form::responses, body), changes) ==
        R"({"model":"m","max_output_tokens":300})");
  const std::string bare = R"({"model":"m"})";
  CHECK(splice_request(bare, request(Form::responses, bare), changes) ==
        R"({"max_output_tokens":300,"model":"m"})");
  CHECK(request(Form::responses, with(R"("background":true)")).in_background);
}

TEST_CASE("request: a response says what it goes on from, and whether it is kept") {
  const auto none = request(Form::responses, with(R"("previous_response_id":null,"store":null)"));
  CHECK(none.previous_response_id.empty());
  CHECK_FALSE(none.names_conversation);
  CHECK_FALSE(none.refuses_storing);
  CHECK(request(Form::responses, with(R"("previous_response_id":"resp_\u0031")"))
            .previous_response_id == "resp_1");
  CHECK(request(Form::responses, with(R"("conversation":"conv_1")")).names_conversation);
  CHECK(request(Form::responses, with(R"("conversation":{"id":"conv_1"})")).names_conversation);
  CHECK(request(Form::responses, with(R"("store":false)")).refuses_storing);
  CHECK_FALSE(request(Form::responses, with(R"("store":true)")).refuses_storing);
  for (const auto* bad : {R"("previous_response_id":"")",
                          R"("previous_response_id":1)",
                          R"("previous_response_id":["resp_1"])",
                          R"("previous_response_id":"a","previous_response_id":"b")",
                          R"("Previous_Response_Id":"a")",
                          R"("Conversation":"a")",
                          R"("store":"false")",
                          R"("STORE":false)"}) {
    CAPTURE(bad);
    const auto body = with(bad);
    CHECK(std::holds_alternative<BadRequest>(read_request(Form::responses, body)));
  }
}

TEST_CASE("request: what a response continues is bounded by the context window") {
  for (const auto* member : {R"("previous_response_id":"resp_1")",
                             R"("conversation":"conv_1")",
                             R"("conversation":{"id":"conv_1"})",
                             R"("prompt":{"id":"pmpt_1"})",
                             R"("input":[{"type":"item_reference","id":"msg_1"}])",
                             R"("input":[{"id":"msg_1"}])",
                             R"("input":[{"type":null,"id":"msg_1"}])",
                             R"("input":[{"type":"reasoning","id":"rs_1","summary":[]}])",
                             R"("input":[{"type":"web_search_call","id":"ws_1"}])",
                             R"("input":[{"type":"tomorrow"}])",
                             R"("input":[{"type":"message","role":"user","content":[
                               {"type":"input_file","file_id":"file-1"}]}])",
                             R"("input":[{"role":"user","content":[
                               {"type":"input_file","file_data":"data:application/pdf;base64,AA"}]}])",
                             R"("input":[{"type":"function_call_output","output":[
                               {"TYPE":"input_file","file_url":"https://x"}]}])"}) {
    CAPTURE(member);
    CHECK(request(Form::responses, with(member)).call.prompt_is_elsewhere);
  }
  for (const auto* member :
       {R"("previous_response_id":null,"conversation":null,"prompt":null)",
        R"("input":"item_reference")",
        R"("input":[{"role":"user","content":"x"},{"type":"message","id":"msg_1","content":[]}])",
        R"("input":[{"type":"reasoning","id":"rs_1","encrypted_content":"gAAA"}])",
        R"("input":[{"type":"function_call","id":"fc_1","call_id":"c","arguments":"{}"},
                    {"type":"function_call_output","call_id":"c","output":"file"}])"}) {
    CAPTURE(member);
    CHECK_FALSE(request(Form::responses, with(member)).call.prompt_is_elsewhere);
  }
}

TEST_CASE("request: an image of a response is bounded by its pixels, by url or by id") {
  const auto data = "data:image/png;base64," + std::string(90'000, 'A');
  const auto part = [](const std::string& image) {
    return with(R"("input":[{"role":"user","content":[{"type":"input_image",)" + image + "}]}]");
  };
  const auto embedded = part(R"("image_url":")" + data + '"');
  CHECK(request(Form::responses, embedded).call.prompt_bound ==
        size(embedded) - size(data) + 50'000);
  const auto stored = part(R"("file_id":"file-1")");
  CHECK(request(Form::responses, stored).call.prompt_bound == size(stored) + 50'000);
  CHECK_FALSE(request(Form::responses, stored).call.prompt_is_elsewhere);
  const auto screen = with(R"("input":[{"type":"computer_call_output","output":{
    "type":"computer_screenshot","image_url":")" +
                           data + "\"}}]");
  CHECK(request(Form::responses, screen).call.prompt_bound == size(screen) - size(data) + 50'000);
  const auto text =
      with(R"("input":[{"role":"user","content":[{"type":"input_text","text":")" + data + "\"}]}]");
  CHECK(request(Form::responses, text).call.prompt_bound == size(text));
}

TEST_CASE("request: a tool that the provider runs fills the window once per call") {
  const auto hosted = [](const std::string& more) {
    return request(
        Form::responses,
        with(R"("tools":[{"type":"function","name":"f"},{"type":"web_search"}])" + more));
  };
  CHECK(hosted("").unbounded_tool == "web_search");
  CHECK(hosted("").call.prompt_is_elsewhere);
  CHECK(hosted(R"(,"max_tool_calls":3)").unbounded_tool.empty());
  CHECK(hosted(R"(,"max_tool_calls":3)").call.prompts == 4);
  CHECK(hosted(R"(,"max_tool_calls":3)").call.choices == 4);
  CHECK(hosted(R"(,"max_tool_calls":3,"max_output_tokens":9)").call.choices == 1);
  const auto own =
      request(Form::responses,
              with(R"("tools":[{"type":"function"},{"type":"custom"},{"type":"local_shell"}])"));
  CHECK(own.unbounded_tool.empty());
  CHECK_FALSE(own.call.prompt_is_elsewhere);
  CHECK(request(Form::chat, with(R"("tools":[{"type":"browser_search"}])")).unbounded_tool ==
        "browser_search");
}

TEST_CASE("request: what a chat brings in from elsewhere is bounded by the context window") {
  for (const auto* member :
       {R"("web_search_options":{})",
        R"("plugins":[{"id":"web"}])",
        R"("messages":[{"role":"assistant","audio":{"id":"audio_1"}}])",
        R"("messages":[{"content":[{"type":"video_url","video_url":{"url":"https://x"}}]}])",
        R"("messages":[{"content":[{"type":"document_url","document_url":"https://x"}]}])",
        R"("extra_body":{"google":{"cached_content":"cachedContents/1"}})"}) {
    CAPTURE(member);
    CHECK(request(Form::chat, with(member)).call.prompt_is_elsewhere);
  }
  CHECK_FALSE(request(Form::chat, with(R"("audio":{"voice":"alloy"},"web_search_options":null)"))
                  .call.prompt_is_elsewhere);
}

TEST_CASE("request: other models that an upstream may take are seen") {
  CHECK(request(Form::chat, with(R"("models":["dear"])")).other_models == "models");
  CHECK(request(Form::chat, with(R"("models":null)")).other_models.empty());
  CHECK(request(Form::chat, with(R"("fallbacks":["dear"])")).other_models == "fallbacks");
  CHECK(request(Form::chat, with(R"("preset":"dear")")).other_models == "preset");
  CHECK(verdict(Form::chat, with(R"("Models":["dear"])")) == "invalid_value models");
}

TEST_CASE("request: a prediction that is not accepted is billed beside the cap") {
  const std::string prediction = R"({"type":"content","content":"abc"})";
  const auto read = request(Form::chat, with(R"("max_tokens":5,"prediction":)" + prediction)).call;
  CHECK(read.output_cap == 5);
  CHECK(read.output_beside == size(prediction));
  CHECK(request(Form::chat, with(R"("prediction":null)")).call.output_beside == 0);
}
