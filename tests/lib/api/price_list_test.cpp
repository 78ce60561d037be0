#include "lib/api/price_list.hpp"

#include "lib/base/error.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using domain::Bucket;
using domain::Money;
using domain::Price;
using domain::ServiceTier;

namespace {

domain::ListedPrice listed(const std::string& name, const std::string& fields) {
  const auto list = api::read_price_list("{\"" + name + "\":{" + fields + "}}");
  REQUIRE(list.prices.size() == 1);
  return list.prices[0];
}

Price price(const std::string& name, const std::string& fields) {
  const auto one = listed(name, fields);
  CHECK(one.problem == "");
  return one.price;
}

std::string problem(const std::string& fields) {
  return listed("m", R"("mode":"chat","litellm_provider":"openai",)" + fields).problem;
}

}  // namespace

TEST_CASE("price list: every kind of rate is read, as a number or a text") {
  const Price one = price("gemini/gemini-x", R"("litellm_provider":"gemini","mode":"chat",
      "input_cost_per_token":1.25e-06,"output_cost_per_token":"1e-05",
      "cache_read_input_token_cost":1.25e-07,"cache_creation_input_token_cost":1.5e-06,
      "cache_creation_input_token_cost_above_1hr":2e-06,"output_cost_per_reasoning_token":3e-06,
      "input_cost_per_audio_token":1e-06,"output_cost_per_audio_token":8e-05,
      "input_cost_per_image_token":4e-06,"output_cost_per_image_token":3e-05,
      "input_cost_per_token_above_200k_tokens":2.5e-06,
      "output_cost_per_token_above_200k_tokens":1.5e-05,
      "input_cost_per_token_above_128k_tokens":2e-06,
      "input_cost_per_token_priority":2.5e-06,"output_cost_per_token_flex":5e-06,
      "input_cost_per_token_batches":6.25e-07,"cache_read_input_token_cost_priority":2.5e-07,
      "input_cost_per_token_above_200k_tokens_priority":9e-06,
      "max_tokens":65535,"max_input_tokens":1048576,"max_output_tokens":65535,
      "deprecation_date":"2027-01-01","supports_vision":true,"source":null)");
  CHECK(one.provider == "google");
  CHECK(one.model == "gemini-x");
  CHECK(one.mode == "chat");
  const auto rate = [&one](Bucket bucket) { return one.rates.own(bucket).value_or(-1); };
  CHECK(rate(Bucket::input) == 1'250'000'000);
  CHECK(rate(Bucket::output) == 10'000'000'000);
  CHECK(rate(Bucket::cached_input) == 125'000'000);
  CHECK(rate(Bucket::cache_write) == 2'000'000'000);
  CHECK(rate(Bucket::reasoning) == 3'000'000'000);
  CHECK(rate(Bucket::audio_input) == 1'000'000'000);
  CHECK(rate(Bucket::audio_output) == 80'000'000'000);
  CHECK(rate(Bucket::image_input) == 4'000'000'000);
  CHECK(rate(Bucket::image_output) == 30'000'000'000);
  REQUIRE(one.tiers.size() == 2);
  CHECK(one.tiers[0].above_tokens == 128'000);
  CHECK(one.tiers[0].rates.own(Bucket::input) == 2'000'000'000);
  CHECK(one.tiers[1].above_tokens == 200'000);
  CHECK(one.tiers[1].rates.own(Bucket::output) == 15'000'000'000);
  const auto& priority = one.service[static_cast<std::size_t>(ServiceTier::priority)];
  REQUIRE(priority);
  CHECK(priority->own(Bucket::input) == 2'500'000'000);
  CHECK(priority->own(Bucket::cached_input) == 250'000'000);
  CHECK(one.service[static_cast<std::size_t>(ServiceTier::flex)]->own(Bucket::output) ==
        5'000'000'000);
  CHECK(one.service[static_cast<std::size_t>(ServiceTier::batch)]->own(Bucket::input) ==
        625'000'000);
  CHECK(one.context_window == 1'048'576);
  CHECK(one.max_output == 65'535);
  CHECK(one.deprecates == "2027-01-01");
}

TEST_CASE("price list: pictures, seconds and characters have prices for one") {
  CHECK(price("dall-e-3", R"("litellm_provider":"openai","mode":"image_generation",
      "input_cost_per_image":0.04)")
            .per_image == Money::nanos(40'000'000));
  const Price whisper = price("whisper-1", R"("litellm_provider":"openai",
      "mode":"audio_transcription","input_cost_per_second":0.0001,"output_cost_per_second":0.0001)");
  CHECK(whisper.per_second == Money::nanos(100'000));
  CHECK_FALSE(whisper.rates.own(Bucket::output));
  CHECK(price("tts-1", R"("litellm_provider":"openai","mode":"audio_speech",
      "input_cost_per_character":1.5e-05)")
            .per_character == Money::nanos(15'000));
  SUBCASE("what is finer than a nano-USD costs a whole one more") {
    CHECK(
        price("t", R"("mode":"audio_speech","input_cost_per_character":3.125e-08)").per_character ==
        Money::nanos(32));
  }
  SUBCASE("where tokens are billed, a price of a picture is for orientation") {
    const Price image = price("gpt-image-1", R"("litellm_provider":"openai",
        "mode":"image_generation","input_cost_per_token":5e-06,"output_cost_per_image":0.04,
        "output_cost_per_image_token":4e-05)");
    CHECK(image.per_image == Money::zero());
    CHECK(image.rates.own(Bucket::output) == 40'000'000'000);
  }
}

TEST_CASE("price list: what makes no text needs no price of it") {
  const Price embedding = price("text-embedding-3-small", R"("litellm_provider":"openai",
      "mode":"embedding","input_cost_per_token":2e-08,"max_tokens":8191,"max_input_tokens":8191)");
  CHECK(embedding.rates.own(Bucket::output) == 0);
  CHECK(embedding.context_window == 8191);
}

TEST_CASE("price list: entries about something else are skipped and counted") {
  const auto list = api::read_price_list(R"({
      "sample_spec":{"mode":"one of: chat, embedding","max_tokens":"LEGACY parameter"},
      "veo":{"mode":"video_generation","litellm_provider":"gemini","output_cost_per_second":0.4},
      "noise":12,
      "ok":{"mode":"chat","litellm_provider":"acme","input_cost_per_token":1e-6,
            "output_cost_per_token":1e-6,"max_tokens":"as many as you like"}})");
  CHECK(list.skipped == 3);
  REQUIRE(list.prices.size() == 1);
  CHECK(list.prices[0].price.provider == "acme");
  CHECK_FALSE(list.prices[0].price.max_output);
}

TEST_CASE("price list: what is no amount has its problem") {
  CHECK(problem(R"("input_cost_per_token":-1e-6)") == "input_cost_per_token is negative");
  CHECK(problem(R"("output_cost_per_token":"cheap")") == "output_cost_per_token is no number");
  CHECK(problem(R"("output_cost_per_token":"nan")") == "output_cost_per_token is no number");
  CHECK(problem(R"("output_cost_per_token":[1])") == "output_cost_per_token is no number");
  CHECK(problem(R"("output_cost_per_token":1e9)") == "output_cost_per_token is absurd");
  CHECK(problem(R"("output_cost_per_token":null,"input_cost_per_token":"")") ==
        "input_cost_per_token is no number");
  CHECK(problem(R"("input_cost_per_token":1e-30)") == "");
}

TEST_CASE("price list: nobody guesses which of two fields, or of two entries, is meant") {
  CHECK(problem(R"("input_cost_per_token":1e-4,"input_cost_per_token":0)") ==
        "input_cost_per_token is given twice");
  CHECK(problem(R"("search":{"low":1,"low":2},"input_cost_per_token":0)") == "");
  const auto list = api::read_price_list(R"({
      "a":{"mode":"chat","input_cost_per_token":1e-6},
      "b":{"mode":"chat","input_cost_per_token":1e-6},
      "a":{"mode":"chat","input_cost_per_token":0}})");
  REQUIRE(list.prices.size() == 2);
  CHECK(list.prices[0].problem == "it is listed twice");
  CHECK(list.prices[1].problem == "");
}

TEST_CASE("price list: what is no list is refused") {
  for (const char* text : {"", "[]", "{}", "null", "{\"a\":", "model,price\n"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(api::read_price_list(text), Error);
  }
}
