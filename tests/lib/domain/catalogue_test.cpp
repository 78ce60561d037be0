#include "lib/domain/catalogue.hpp"

#include "lib/base/error.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

using namespace nufi;
using namespace nufi::domain;

namespace {

const Price& price_of(const char* provider, const char* model) {
  const Price* price = Catalogue::built_in().find(provider, model);
  REQUIRE(price != nullptr);
  REQUIRE(price->provider == provider);
  return *price;
}

/// "input=2 output=8 …": the buckets with a rate of their own, as the text form has them.
std::string rates_text(const Rates& rates) {
  std::string text;
  for (const Bucket bucket : kBuckets) {
    if (!rates.own(bucket)) continue;
    text += (text.empty() ? "" : " ") + std::string(bucket_name(bucket)) + "=" +
            format_rate(*rates.own(bucket));
  }
  return text;
}

std::string service_text(const Price& price, ServiceTier tier) {
  const auto& rates = price.service[static_cast<std::size_t>(tier)];
  return rates ? rates_text(*rates) : "none";
}

std::string problem_of(const char* text) {
  try {
    (void)Catalogue::parse(text);
  } catch (const Error& error) {
    CHECK(error.code() == Errc::invalid);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("catalogue: the built-in one has every model of every provider, and its date") {
  const Catalogue& catalogue = Catalogue::built_in();
  CHECK(catalogue.date() == "2026-08-01");
  CHECK(catalogue.prices().size() == 244);
  std::map<std::string, int> counts;
  std::map<std::string, int> modes;
  for (const Price& price : catalogue.prices()) {
    ++counts[price.provider];
    CAPTURE(price.id);
    CHECK(price.id == price.provider + "/" + price.model + "@2026-08-01");
    const bool has_rates = price.rates.own(Bucket::input) && price.rates.own(Bucket::output);
    const bool has_unit = price.per_second + price.per_character > Money::zero();
    CHECK((has_rates || has_unit || price.free));
    ++modes[price.mode];
  }
  CHECK(modes == std::map<std::string, int>{
                     {"chat", 217}, {"embedding", 11}, {"moderation", 1}, {"responses", 15}});
  CHECK(counts == std::map<std::string, int>{{"anthropic", 20},
                                             {"cohere", 10},
                                             {"deepseek", 7},
                                             {"google", 17},
                                             {"groq", 9},
                                             {"mistral", 27},
                                             {"openai", 53},
                                             {"openrouter", 48},
                                             {"qwen", 20},
                                             {"together", 21},
                                             {"xai", 12}});
}

TEST_CASE("catalogue: spot rows of each provider have their figures") {
  struct Row {
    const char* provider;
    const char* model;
    const char* mode;
    const char* rates;
    std::int64_t context;
    std::int64_t max_output;
  };
  for (const Row& row : {
           Row{"openai",
               "codex-mini-latest",
               "responses",
               "input=1.5 cached_input=0.375 output=6",
               200000,
               100000},
           Row{"openai", "gpt-4o", "chat", "input=2.5 cached_input=1.25 output=10", 128000, 16384},
           Row{"openai",
               "gpt-4o-audio-preview",
               "chat",
               "input=2.5 audio_input=40 output=10 audio_output=80",
               128000,
               16384},
           Row{"openai",
               "gpt-5.6-luna",
               "chat",
               "input=0.2 cached_input=0.02 cache_write=0.25 output=1.2",
               1050000,
               128000},
           Row{"openai", "o1-pro", "responses", "input=150 output=600", 200000, 100000},
           Row{"openai", "text-embedding-3-large", "embedding", "input=0.13 output=0", 8191, 0},
           Row{"anthropic",
               "claude-3-opus-20240229",
               "chat",
               "input=15 cached_input=1.5 cache_write=18.75 output=75",
               200000,
               4096},
           Row{"anthropic",
               "claude-haiku-4-5",
               "chat",
               "input=1 cached_input=0.1 cache_write=2 output=5",
               200000,
               64000},
           Row{"anthropic",
               "claude-opus-5",
               "chat",
               "input=5 cached_input=0.5 cache_write=10 output=25",
               1000000,
               128000},
           Row{"anthropic",
               "claude-sonnet-5",
               "chat",
               "input=2 cached_input=0.2 cache_write=4 output=10",
               1000000,
               128000},
           Row{"google",
               "gemini-2.0-flash-lite",
               "chat",
               "input=0.075 cached_input=0.01875 audio_input=0.075 output=0.3",
               1048576,
               8192},
           Row{"google",
               "gemini-2.5-flash",
               "chat",
               "input=0.3 cached_input=0.03 audio_input=1 output=2.5 reasoning=2.5",
               1048576,
               65535},
           Row{"google", "gemini-embedding-2", "embedding", "input=0.2 output=0", 8192, 0},
           Row{"google",
               "gemini-pro-latest",
               "chat",
               "input=1.25 cached_input=0.125 output=10",
               1048576,
               65535},
           Row{"mistral", "codestral-2508", "chat", "input=0.3 output=0.9", 256000, 256000},
           Row{"mistral", "ministral-8b-2512", "chat", "input=0.15 output=0.15", 262144, 262144},
           Row{"mistral", "pixtral-large-latest", "chat", "input=2 output=6", 128000, 128000},
           Row{"deepseek",
               "deepseek-chat",
               "chat",
               "input=0.28 cached_input=0.028 cache_write=0 output=0.42",
               131072,
               8192},
           Row{"deepseek",
               "deepseek-v4-pro",
               "chat",
               "input=0.435 cached_input=0.003625 cache_write=0 output=0.87",
               1000000,
               8192},
           Row{"xai", "grok-4", "chat", "input=3 output=15", 256000, 256000},
           Row{"xai",
               "grok-code-fast-1",
               "chat",
               "input=0.2 cached_input=0.02 output=1.5",
               256000,
               256000},
           Row{"groq", "llama-3.1-8b-instant", "chat", "input=0.05 output=0.08", 128000, 8192},
           Row{"groq",
               "moonshotai/kimi-k2-instruct-0905",
               "chat",
               "input=1 cached_input=0.5 output=3",
               262144,
               16384},
           Row{"groq", "qwen/qwen3-32b", "chat", "input=0.29 output=0.59", 131000, 131000},
           Row{"together", "BAAI/bge-base-en-v1.5", "embedding", "input=0.008 output=0", 512, 0},
           Row{"together",
               "meta-llama/Llama-3.3-70B-Instruct-Turbo",
               "chat",
               "input=0.88 output=0.88",
               0,
               0},
           Row{"together", "zai-org/GLM-4.7", "chat", "input=0.45 output=2", 200000, 200000},
           Row{"cohere", "command-a-03-2025", "chat", "input=2.5 output=10", 256000, 8000},
           Row{"cohere", "command-r7b-12-2024", "chat", "input=0.0375 output=0.15", 128000, 4096},
           Row{"cohere", "embed-v4.0", "embedding", "input=0.12 output=0", 128000, 0},
           Row{"qwen", "qwen-turbo", "chat", "input=0.05 output=0.2 reasoning=0.5", 129024, 16384},
           Row{"qwen", "qwen3-vl-32b-thinking", "chat", "input=0.16 output=2.87", 131072, 32768},
           Row{"openrouter", "openrouter/free", "chat", "input=0 output=0", 200000, 200000},
           Row{"openrouter",
               "qwen/qwen3-235b-a22b-2507",
               "chat",
               "input=0.071 output=0.1",
               262144,
               262144},
           Row{"openrouter",
               "xiaomi/mimo-v2.5",
               "chat",
               "input=0.4 cached_input=0.08 cache_write=0 output=2",
               1048576,
               131072},
           Row{"openrouter",
               "z-ai/glm-4.7",
               "chat",
               "input=0.4 cached_input=0 cache_write=0 output=1.5",
               202752,
               64000},
       }) {
    CAPTURE(row.provider);
    CAPTURE(row.model);
    const Price& price = price_of(row.provider, row.model);
    CHECK(price.mode == row.mode);
    CHECK(rates_text(price.rates) == row.rates);
    CHECK(price.context_window.value_or(0) == row.context);
    CHECK(price.max_output.value_or(0) == row.max_output);
  }
}

TEST_CASE("catalogue: service tiers are read") {
  const Price& nano = price_of("openai", "gpt-5-nano");
  CHECK(service_text(nano, ServiceTier::flex) == "input=0.025 output=0.2");
  CHECK(service_text(nano, ServiceTier::priority) == "input=2.5");
  CHECK(service_text(nano, ServiceTier::batch) == "none");
  CHECK(nano.rates_for(1, ServiceTier::priority).effective(Bucket::output) == 400'000'000);
  CHECK(service_text(price_of("openai", "gpt-4.1"), ServiceTier::batch) == "input=1 output=4");
}

TEST_CASE("catalogue: context tiers are read, the lowest as the base rates") {
  const Price& sonnet = price_of("anthropic", "claude-sonnet-4-5");
  REQUIRE(sonnet.tiers.size() == 1);
  CHECK(sonnet.tiers[0].above_tokens == 200'000);
  CHECK(rates_text(sonnet.tiers[0].rates) == "input=6 cached_input=0.6 output=22.5");
  const Price& coder = price_of("qwen", "qwen3-coder-plus");
  REQUIRE(coder.tiers.size() == 3);
  CHECK(coder.tiers[0].above_tokens == 32'000);
  CHECK(rates_text(coder.tiers[0].rates) == "input=1.8 output=9");
  CHECK(coder.tiers[2].above_tokens == 256'000);
  CHECK(rates_text(coder.tiers[2].rates) == "input=6 output=60");
  const Price& grok = price_of("xai", "grok-4-fast-reasoning");
  CHECK(rates_text(grok.tiers.at(0).rates) == "input=0.4 output=1");
}

TEST_CASE("catalogue: retirements are kept") {
  CHECK(price_of("xai", "grok-3").deprecates == "2026-05-15");
  CHECK_FALSE(price_of("openai", "gpt-4o").deprecates.has_value());
}

TEST_CASE("catalogue: a provider's own price counts, else the dearest of all") {
  const Catalogue& catalogue = Catalogue::built_in();
  CHECK(catalogue.find("groq", "openai/gpt-oss-20b")->provider == "groq");
  CHECK(catalogue.find("openrouter", "openai/gpt-oss-20b")->provider == "openrouter");
  CHECK(catalogue.find("", "openai/gpt-oss-20b")->provider == "groq");
  CHECK(catalogue.find("mistral", "openai/gpt-oss-120b")->provider == "openrouter");
  CHECK(catalogue.find("", "gpt-4o")->provider == "openai");
  CHECK(catalogue.find("openai", "GPT-4o") == nullptr);
  CHECK(catalogue.find("openai", "") == nullptr);
}

TEST_CASE("catalogue: the text form is read whole") {
  const Catalogue catalogue = Catalogue::parse(
      "# a comment\n"
      "date 2026-08-01\n\n"
      "acme one chat input=2 output=8 per_request=0.01 context=1000   # another\n"
      "    above500.input=4 priority.output=9 deprecates=2027-01-01\n"
      "acme two chat free\n"
      "acme three audio_speech per_character=0.000015 per_second=0.25 per_image=2\n");
  REQUIRE(catalogue.prices().size() == 3);
  const Price& three = catalogue.prices()[2];
  CHECK(three.per_character == Money::nanos(15'000));
  CHECK(three.per_second == Money::nanos(250'000'000));
  CHECK(three.per_image == Money::nanos(2'000'000'000));
  const Price& one = catalogue.prices()[0];
  CHECK(one.per_request == Money::nanos(10'000'000));
  CHECK(one.context_window == 1000);
  CHECK(one.tiers.at(0).above_tokens == 500);
  CHECK(service_text(one, ServiceTier::priority) == "output=9");
  CHECK(one.deprecates == "2027-01-01");
  CHECK(catalogue.find("acme", "two")->free);
}

TEST_CASE("catalogue: a problem names its line") {
  CHECK(problem_of("acme one chat input=1\n") == "line 1 of the prices comes before the date");
  CHECK(problem_of("date today\n") == "line 1 of the prices needs a date like 2026-08-01");
  CHECK(problem_of("date 2026-08-01\n  input=1\n") == "line 2 of the prices continues nothing");
  CHECK(problem_of("date 2026-08-01\nacme one\n") ==
        "line 2 of the prices needs provider, model and mode");
  for (const char* field : {"input",
                            "input=",
                            "input=x",
                            "input=-1",
                            "colour=1",
                            "batch.colour=1",
                            "turbo.input=1",
                            "context=many",
                            "above.input=1",
                            "above-5.input=1",
                            "deprecates=soon",
                            "input=1 input=2"}) {
    CAPTURE(field);
    const std::string text = "date 2026-08-01\nacme one chat " + std::string(field) + "\n";
    CHECK(problem_of(text.c_str()).starts_with("line 2 of the prices "));
  }
  CHECK(problem_of("date 2026-08-01\na b chat above9.input=1 above5.input=2\n") ==
        "line 2 of the prices has tiers that do not ascend");
  CHECK(problem_of("date 2026-08-01\na b chat\na b chat\n") ==
        "the prices list a/b@2026-08-01 twice");
}
