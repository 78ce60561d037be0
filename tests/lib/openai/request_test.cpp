#include "lib/openai/request.hpp"

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

/// "ok", or code and param of the refusal.
std::string verdict(const std::string& body) {
  const auto read = read_request(Form::chat, body);
  if (const auto* bad = std::get_if<BadRequest>(&read)) {
    CHECK_FALSE(bad->message.empty());
    return bad->code + " " + bad->param;
  }
  return "ok";
}

Request request(const std::string& body) {
  auto read = read_request(Form::chat, body);
  if (const auto* bad = std::get_if<BadRequest>(&read)) FAIL(bad->message);
  return std::get<Request>(std::move(read));
}

}  // namespace

TEST_CASE("request: what is decided on is read") {
  const auto read =
      request(R"({"model":"gpt-4o","stream":true,"max_tokens":100,"n":3,"messages":[]})");
  CHECK(read.call.model == "gpt-4o");
  CHECK(read.call.stream);
  CHECK(read.call.output_cap == 100);
  CHECK(read.call.choices == 3);
  CHECK(read.call.tier == domain::ServiceTier::standard);
  CHECK_FALSE(read.tier_asked);
  CHECK_FALSE(read.usage_asked);
}

TEST_CASE("request: a body that is not a JSON object is refused") {
  for (const auto& body : {""s,
                           "null"s,
                           "[]"s,
                           "\"x\""s,
                           "{"s,
                           R"([{"model":"m"}])"s,
                           R"({"model":"m"}x)"s,
                           "{\"model\":\"m\",\"x\":\"\xff\"}"s,
                           R"({"model":"m",})"s,
                           "model=m"s}) {
    CAPTURE(body);
    CHECK(verdict(body) == "invalid_json ");
  }
}

TEST_CASE("request: the model must be there, a string of some length") {
  CHECK(verdict("{}") == "invalid_value model");
  for (const auto* value :
       {"1", "null", "true", "[]", "{}", "\"\"", "[\"m\"]", "{\"model\":\"m\"}"}) {
    CAPTURE(value);
    CHECK(verdict(R"({"model":)"s + value + "}") == "invalid_value model");
  }
  CHECK(verdict(R"({"model":")" + std::string(256, 'm') + "\"}") == "ok");
  CHECK(verdict(R"({"model":")" + std::string(257, 'm') + "\"}") == "invalid_value model");
  CHECK(request(R"({"model":"a\/b\u00e9"})").call.model == "a/b\xc3\xa9");
}

TEST_CASE("request: a field of the wrong type is refused by its name") {
  for (const auto* field :
       {"max_tokens", "max_completion_tokens", "max_output_tokens", "n", "best_of"}) {
    for (const auto* value : {"0",
                              "-1",
                              "1.5",
                              "1.0",
                              "1e3",
                              "\"5\"",
                              "true",
                              "[]",
                              "[5]",
                              "{}",
                              "9007199254740993",
                              "99999999999999999999999"}) {
      CAPTURE(field);
      CAPTURE(value);
      CHECK(verdict(with("\""s + field + "\":" + value)) == "invalid_value "s + field);
    }
    CHECK(verdict(with("\""s + field + "\":null")) == "ok");
    CHECK(verdict(with("\""s + field + "\":1")) == "ok");
  }
  for (const auto* value : {"1", "\"true\"", "[]", "{}"}) {
    CHECK(verdict(with(R"("stream":)"s + value)) == "invalid_value stream");
    CHECK(verdict(with(R"("stream_options":{"include_usage":)"s + value + "}")) ==
          "invalid_value stream_options.include_usage");
  }
  for (const auto* value : {"1", "\"x\"", "true", "[]", "[{}]"}) {
    CHECK(verdict(with(R"("stream_options":)"s + value)) == "invalid_value stream_options");
  }
  for (const auto* value : {"1", "true", "[]", "{}"}) {
    CHECK(verdict(with(R"("service_tier":)"s + value)) == "invalid_value service_tier");
  }
}

TEST_CASE("request: a field given twice is refused, also when the first is null") {
  for (const auto* field : {"model",
                            "stream",
                            "stream_options",
                            "max_tokens",
                            "max_completion_tokens",
                            "n",
                            "best_of",
                            "service_tier",
                            "max_output_tokens"}) {
    const auto name = "\""s + field + "\":null";
    CAPTURE(field);
    if (field == "model"s) {
      CHECK(verdict(R"({"model":"m","x":1,"model":"m"})") == "invalid_value model");
    } else {
      CHECK(verdict(with(name + ",\"x\":0," + name)) == "invalid_value "s + field);
    }
  }
  CHECK(verdict(with(R"("stream_options":{"include_usage":true,"include_usage":true})")) ==
        "invalid_value include_usage");
  CHECK(verdict(with(R"("stream_options":{"include_usage":true},"stream_options":{})")) ==
        "invalid_value stream_options");
}

TEST_CASE("request: names of megabytes take no longer than their bytes") {
  std::string signs;
  std::string escapes;
  std::string members;
  for (int i = 0; i < 300'000; ++i) signs += "\xE2\x84\xAA";
  for (int i = 0; i < 200'000; ++i) escapes += "\\u0061";
  for (int i = 0; i < 100'000; ++i) members += "\"url\":1,";
  CHECK(verdict(with("\"" + signs + "\":1")) == "ok");
  CHECK(verdict(with("\"" + escapes + "\":1")) == "ok");
  CHECK(verdict(with("\"n\\u0000" + escapes + "\":1")) == "invalid_value n");
  CHECK(verdict(with(R"("messages":[{"content":[{")" + escapes + "\":{" + members +
                     R"("url":1}}]}])")) == "ok");
}

TEST_CASE("request: a name some server reads as one of ours is refused") {
  CHECK(verdict(with(R"("MODEL":"x")")) == "invalid_value model");
  CHECK(verdict(R"({"Model":"m"})") == "invalid_value model");
  CHECK(verdict(with(R"("\u006dodel":"x")")) == "invalid_value model");
  CHECK(verdict(with(R"("model\u0000":"x")")) == "invalid_value model");
  CHECK(verdict(with(R"("max_tokens":1,"max_tokens\u0000x":9)")) == "invalid_value max_tokens");
  CHECK(verdict(with(R"("m\u004fdel":"x")")) == "invalid_value model");
  CHECK(verdict(with(R"("Max_Tokens":5)")) == "invalid_value max_tokens");
  CHECK(verdict(with(R"("N":5)")) == "invalid_value n");
  CHECK(verdict(with("\"\xC5\xBFtream\":true")) == "invalid_value stream");  // long s
  CHECK(verdict(with("\"max_to\xE2\x84\xAA"
                     "ens\":5")) == "invalid_value max_tokens");  // Kelvin sign
  CHECK(verdict(with(R"("max_to\u212aen\u017f":5)")) == "invalid_value max_tokens");
  CHECK(verdict(with(R"("stream_options":{"Include_Usage":true})")) ==
        "invalid_value include_usage");
  CHECK(verdict(with(R"("stream_options":{"include_u\u0073age":{}})")) ==
        "invalid_value include_usage");
}

TEST_CASE("request: our names elsewhere are nobody's business") {
  CHECK(
      verdict(with(
          R"("messages":[{"model":1,"MODEL":2,"n":"x","stream":3}],"metadata":{"model":5,"model":6},
    "toolset":{"stream_options":{"include_usage":7}}, "other_models":["model"])")) == "ok");
}

TEST_CASE("request: of two caps the higher one counts") {
  CHECK(request(with(R"("max_tokens":10,"max_completion_tokens":20)")).call.output_cap == 20);
  CHECK(request(with(R"("max_tokens":20,"max_completion_tokens":10)")).call.output_cap == 20);
  CHECK_FALSE(request(with(R"("max_tokens":null,"max_completion_tokens":null)")).call.output_cap);
  CHECK_FALSE(request(with("\"x\":1")).call.output_cap);
}

TEST_CASE("request: a cap in max_completion_tokens alone is told from others") {
  CHECK(request(with(R"("max_completion_tokens":20)")).has_only_completion_cap);
  CHECK(request(with(R"("max_tokens":null,"max_completion_tokens":20)")).has_only_completion_cap);
  CHECK_FALSE(
      request(with(R"("max_tokens":10,"max_completion_tokens":20)")).has_only_completion_cap);
  CHECK_FALSE(
      request(with(R"("max_completion_tokens":20,"max_tokens":10)")).has_only_completion_cap);
  CHECK_FALSE(request(with(R"("max_tokens":10)")).has_only_completion_cap);
}

TEST_CASE("request: a cap that chat servers do not know bounds nothing") {
  CHECK_FALSE(request(with(R"("max_output_tokens":1)")).call.output_cap);
  CHECK(request(with(R"("max_output_tokens":1,"max_tokens":9)")).call.output_cap == 9);
}

TEST_CASE("request: as many choices are made as the larger of n and best_of asks for") {
  CHECK(request(with(R"("n":2,"best_of":3)")).call.choices == 3);
  CHECK(request(with(R"("n":2147483647,"best_of":2147483647)")).call.choices == 2147483647);
  CHECK(verdict(with(R"("n":2147483648)")) == "invalid_value n");
}

TEST_CASE("request: the service tier is the dearest it can be billed at") {
  using domain::ServiceTier;
  CHECK(request(with(R"("service_tier":"auto")")).call.tier == ServiceTier::priority);
  CHECK(request(with(R"("service_tier":"priority")")).call.tier == ServiceTier::priority);
  CHECK(request(with(R"("service_tier":"flex")")).call.tier == ServiceTier::standard);
  CHECK(request(with(R"("service_tier":"flex")")).tier_asked);
  CHECK_FALSE(request(with(R"("service_tier":null)")).tier_asked);
}

TEST_CASE("request: text is bounded by a token per byte") {
  const auto body = with(R"("messages":[{"role":"user","content":"hello"}])");
  CHECK(request(body).call.prompt_bound == static_cast<std::int64_t>(body.size()));
}

TEST_CASE("request: an image is bounded by its pixels, not by its text") {
  const auto data = "data:image/png;base64," + std::string(90'000, 'A');
  const auto part = [](const std::string& url) {
    return with(
        R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":")" + url +
        R"("}}]}])");
  };
  const auto bound = request(part(data)).call.prompt_bound;
  CHECK(bound == static_cast<std::int64_t>(part("").size()) + 50'000);
  CHECK(request(part("https://x")).call.prompt_bound ==
        static_cast<std::int64_t>(part("https://x").size()) + 50'000);
  const auto direct =
      with(R"("messages":[{"content":[{"type":"image_url","image_url":")" + data + R"("}]}])");
  CHECK(request(direct).call.prompt_bound ==
        static_cast<std::int64_t>(direct.size() - data.size()) + 50'000);
}

TEST_CASE("request: text that only looks like an image is bounded as text") {
  const auto data = "data:image/png;base64," + std::string(90'000, 'A');
  for (const auto& body :
       {with(R"("messages":[{"role":"user","content":")" + data + "\"}]"),
        with(R"("messages":[{"content":[{"type":"text","text":")" + data + "\"}]}]"),
        with(R"("tools":[{"function":{"parameters":{"image_url":{"url":")" + data + "\"}}}}]"),
        with(R"("tools":[{"content":[{"image_url":{"url":")" + data + "\"}}]}]"),
        with(R"("messages":[{"content":[{"text":{"image_url":{"url":")" + data + "\"}}}]}]"),
        with(R"("prompt":")" + data + "\"")}) {
    CAPTURE(body.substr(0, 90));
    CHECK(request(body).call.prompt_bound >= static_cast<std::int64_t>(body.size()));
  }
}

TEST_CASE("request: an image is seen however its name is written") {
  for (const auto* name : {"image_url", "IMAGE_URL", R"(image\u005furl)", R"(\u0049mage_url)"}) {
    const auto body =
        with(R"("messages":[{"content":[{")"s + name + R"(":{"url":"https://x"}}]}])");
    CAPTURE(name);
    CHECK(request(body).call.prompt_bound == static_cast<std::int64_t>(body.size()) + 50'000);
  }
}

TEST_CASE("request: a file is bounded by the context window, and only where it is one") {
  const auto file =
      with(R"("messages":[{"content":[{"type":"file","file":{"file_id":"file-1"}}]}])");
  CHECK(request(file).call.prompt_is_elsewhere);
  const auto tool =
      with(R"("tools":[{"type":"function","function":{"parameters":{"file":{"type":"string"}}}}])");
  CHECK_FALSE(request(tool).call.prompt_is_elsewhere);
  CHECK(request(tool).call.prompt_bound == static_cast<std::int64_t>(tool.size()));
}
