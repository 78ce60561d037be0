#include "lib/openai/usage.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::openai;
using domain::Money;

namespace {

/// The buckets that are not 0, as one line; else why there are none.
std::string read(std::string_view json, Form form = Form::chat) {
  const auto reading = read_usage(json, form);
  if (reading.kind == UsageKind::missing) return "missing";
  if (reading.kind == UsageKind::impossible) return "impossible";
  const auto* reported = &reading.reported;
  std::string text;
  for (const auto bucket : domain::kBuckets) {
    if (reported->usage[bucket] == 0) continue;
    text += (text.empty() ? "" : " ") + std::string(domain::bucket_name(bucket)) + "=" +
            std::to_string(reported->usage[bucket]);
  }
  if (reported->prompt_missing) text += " no prompt";
  if (reported->completion_missing) text += " no completion";
  return text;
}

std::optional<Money> cost(const std::string& number) {
  const auto reading = read_usage(R"({"prompt_tokens":1,"cost":)" + number + "}");
  REQUIRE(reading.kind == UsageKind::reported);
  return reading.reported.cost;
}

}  // namespace

TEST_CASE("usage: chat completions and responses are read alike") {
  CHECK(read(R"({"prompt_tokens":9,"completion_tokens":4,"total_tokens":13})") ==
        "input=9 output=4");
  CHECK(read(R"({"input_tokens":9,"output_tokens":4,"total_tokens":13})") == "input=9 output=4");
  CHECK(read(R"( { "prompt_tokens" : 0 , "completion_tokens" : 0 } )").empty());
}

TEST_CASE("usage: the details are taken out of the whole") {
  CHECK(read(R"({"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
    "prompt_tokens_details":{"cached_tokens":40,"cache_write_tokens":5,"audio_tokens":10,"image_tokens":3},
    "completion_tokens_details":{"reasoning_tokens":20,"audio_tokens":7,"image_tokens":2,
    "accepted_prediction_tokens":1}})") ==
        "input=42 cached_input=40 cache_write=5 audio_input=10 image_input=3 "
        "output=21 reasoning=20 audio_output=7 image_output=2");
  CHECK(read(R"({"input_tokens":10,"output_tokens":6,"input_tokens_details":{"cached_tokens":4},
    "output_tokens_details":{"reasoning_tokens":5}})") ==
        "input=6 cached_input=4 output=1 reasoning=5");
  CHECK(read(R"({"prompt_tokens":10,"completion_tokens":1,"prompt_cache_hit_tokens":8,
    "prompt_cache_miss_tokens":2})") == "input=2 cached_input=8 output=1");
}

TEST_CASE("usage: parts never sum to more than the whole") {
  CHECK(read(R"({"prompt_tokens":5,"completion_tokens":3,"total_tokens":8,
    "prompt_tokens_details":{"cached_tokens":9,"audio_tokens":4},
    "completion_tokens_details":{"reasoning_tokens":7}})") == "cached_input=5 reasoning=3");
}

TEST_CASE("usage: reasoning beside the completion is what the total has beyond the two") {
  CHECK(read(R"({"prompt_tokens":10,"completion_tokens":5,"total_tokens":45,
    "completion_tokens_details":{"reasoning_tokens":30}})") == "input=10 output=5 reasoning=30");
}

TEST_CASE("usage: one count of the two is enough, and the total tells the other") {
  CHECK(read(R"({"prompt_tokens":7,"total_tokens":7})") == "input=7");
  CHECK(read(R"({"prompt_tokens":7,"total_tokens":12})") == "input=7 output=5");
  CHECK(read(R"({"completion_tokens":3,"total_tokens":12})") == "input=9 output=3");
}

TEST_CASE("usage: a half that nothing tells is missing") {
  CHECK(read(R"({"prompt_tokens":7})") == "input=7 no completion");
  CHECK(read(R"({"completion_tokens":3})") == "output=3 no prompt");
  CHECK(read(R"({"total_tokens":12})") == "output=12 no prompt no completion");
  CHECK(read(R"({"completion_tokens":0})", Form::embeddings) == " no prompt");
}

TEST_CASE("usage: a cache counted on the usage itself is beside the prompt or part of it") {
  CHECK(read(R"({"prompt_tokens":10,"completion_tokens":1,"cache_read_input_tokens":90,
    "cache_creation_input_tokens":5})") == "input=10 cached_input=90 cache_write=5 output=1");
  CHECK(read(R"({"prompt_tokens":100,"completion_tokens":1,"total_tokens":196,
    "cache_read_input_tokens":90,"cache_creation_input_tokens":5})") ==
        "input=100 cached_input=90 cache_write=5 output=1");
  CHECK(read(R"({"prompt_tokens":100,"completion_tokens":1,"total_tokens":101,
    "cache_read_input_tokens":90,"prompt_tokens_details":{"cached_tokens":90}})") ==
        "input=10 cached_input=90 output=1");
  CHECK(read(R"({"prompt_tokens":10,"cache_read_input_tokens":"x"})") == "impossible");
}

TEST_CASE("usage: null is as good as absent, at any place") {
  CHECK(read(R"({"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":null,
    "completion_tokens_details":{"reasoning_tokens":null},"cost":null})") == "input=7 output=2");
}

TEST_CASE("usage: what can't be is not taken") {
  for (const auto* text :
       {"5",
        "[]",
        "\"lots\"",
        "",
        "{",
        R"({"prompt_tokens":[5]})",
        R"({"prompt_tokens":-1})",
        R"({"prompt_tokens":1.5})",
        R"({"prompt_tokens":"12"})",
        R"({"prompt_tokens":true})",
        R"({"prompt_tokens":1000000001})",
        R"({"prompt_tokens":99999999999999999999999})",
        R"({"prompt_tokens":1e3})",
        R"({"prompt_tokens":5,"completion_tokens":-2})",
        R"({"prompt_tokens":5,"total_tokens":"5"})",
        R"({"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":-1}})",
        R"({"prompt_tokens":5,"prompt_tokens_details":"many"})",
        R"({"prompt_tokens":5,"prompt_tokens_details":[1]})",
        R"({"prompt_tokens":5,"prompt_tokens_details":{"cached_tokens":[1]}})",
        R"({"prompt_tokens":5,"completion_tokens_details":{"reasoning_tokens":0.5}})"}) {
    CAPTURE(text);
    CHECK(read(text) == "impossible");
  }
}

TEST_CASE("usage: nothing said is missing, and 0 is said") {
  for (const auto* text : {"null", "{}", R"({"prompt_tokens":null})", R"({"x":1})"}) {
    CAPTURE(text);
    CHECK(read(text) == "missing");
  }
  CHECK(read(R"({"prompt_tokens":0,"completion_tokens":0,"total_tokens":0})").empty());
}

TEST_CASE("usage: where nothing is made, all is input") {
  for (const auto form : {Form::embeddings, Form::moderations, Form::rerank}) {
    CHECK(read(R"({"prompt_tokens":8,"total_tokens":8})", form) == "input=8");
    CHECK(read(R"({"total_tokens":8})", form) == "input=8");
    CHECK(read(R"({"prompt_tokens":5,"completion_tokens":0,"total_tokens":8})", form) == "input=8");
  }
}

TEST_CASE("usage: pictures and speech are made of images and audio") {
  CHECK(read(R"({"input_tokens":50,"output_tokens":4160,"total_tokens":4210,
    "input_tokens_details":{"text_tokens":10,"image_tokens":40}})",
             Form::images) == "input=10 image_input=40 image_output=4160");
  CHECK(read(R"({"input_tokens":5,"output_tokens":110,"total_tokens":115,
    "output_tokens_details":{"text_tokens":10,"image_tokens":100}})",
             Form::images) == "input=5 output=10 image_output=100");
  CHECK(read(R"({"input_tokens":14,"output_tokens":101,"total_tokens":115})", Form::speech) ==
        "input=14 audio_output=101");
}

TEST_CASE("usage: counts that stand elsewhere do not count") {
  CHECK(
      read(R"({"prompt_tokens":5,"total_tokens":5,"x":{"prompt_tokens":-9,"cached_tokens":4}})") ==
      "input=5");
}

TEST_CASE("usage: an upstream's cost is rounded up to the next nano, never lost") {
  CHECK(cost("0") == Money::zero());
  CHECK(cost("0.25") == Money::nanos(250'000'000));
  CHECK(cost("3") == Money::nanos(3'000'000'000));
  CHECK(cost("0.000000001") == Money::nanos(1));
  CHECK(cost("0.0000000011") == Money::nanos(2));
  CHECK(cost("0.00014499999999999998") == Money::nanos(145'000));
  CHECK(cost("1.2345678901e-05") == Money::nanos(12'346));
  CHECK(cost("1e-12") == Money::nanos(1));
  CHECK(cost("1e-999") == Money::nanos(1));
  CHECK(cost("0e5") == Money::zero());
  CHECK(cost("1.5E+2") == Money::nanos(150'000'000'000));
  CHECK(cost("12e-1") == Money::nanos(1'200'000'000));
}

TEST_CASE("usage: a cost that can't be is left out, the counts stay") {
  for (const auto* text :
       {"-0.5", "1e30", "99999999999999999999", "1e99999", "\"0.5\"", "true", "null"}) {
    CAPTURE(text);
    CHECK_FALSE(cost(text));
  }
}
