// The names of the fields say what they are: "input_cost_per_token_above_200k_tokens_priority" is
// the bucket of input_cost_per_token, for prompts above 200,000 tokens, in the service tier
// priority.

#include "lib/api/price_list.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace nufi::api {

namespace {

using domain::Bucket;
using domain::Money;
using domain::Price;
using domain::ServiceTier;
using List = nlohmann::json;

struct TokenField {
  std::string_view name;
  Bucket bucket;
};
constexpr std::array kTokenFields = {
    TokenField{"input_cost_per_token", Bucket::input},
    TokenField{"output_cost_per_token", Bucket::output},
    TokenField{"cache_read_input_token_cost", Bucket::cached_input},
    TokenField{"cache_creation_input_token_cost", Bucket::cache_write},
    TokenField{"output_cost_per_reasoning_token", Bucket::reasoning},
    TokenField{"input_cost_per_audio_token", Bucket::audio_input},
    TokenField{"output_cost_per_audio_token", Bucket::audio_output},
    TokenField{"input_cost_per_image_token", Bucket::image_input},
    TokenField{"output_cost_per_image_token", Bucket::image_output},
};

struct ServiceField {
  std::string_view suffix;
  ServiceTier tier;
};
constexpr std::array kServiceFields = {
    ServiceField{"_flex", ServiceTier::flex},
    ServiceField{"_priority", ServiceTier::priority},
    ServiceField{"_batches", ServiceTier::batch},
};

/// Cached for an hour instead of five minutes: the reply does not always say which one it was.
constexpr std::string_view kLongCache = "_above_1hr";

struct ProviderName {
  std::string_view listed;
  std::string_view ours;
};
constexpr std::array kProviders = {
    ProviderName{"gemini", "google"},
    ProviderName{"together_ai", "together"},
    ProviderName{"dashscope", "qwen"},
    ProviderName{"codestral", "mistral"},
    ProviderName{"cohere_chat", "cohere"},
    ProviderName{"text-completion-openai", "openai"},
};

/// Modes of the list that nufi has an endpoint for.
constexpr std::array<std::string_view, 10> kModes = {"chat",
                                                     "completion",
                                                     "responses",
                                                     "embedding",
                                                     "moderation",
                                                     "rerank",
                                                     "image_generation",
                                                     "image_edit",
                                                     "audio_speech",
                                                     "audio_transcription"};

struct Broken {
  std::string why;
};

/// A price of the list in USD; std::nullopt if it is absent or null. Throws Broken.
std::optional<double> amount_of(const List& value, std::string_view field) {
  if (value.is_null()) return std::nullopt;
  double amount = 0;
  if (value.is_number()) {
    amount = value.get<double>();
  } else if (value.is_string()) {
    const auto text = std::string(trim(value.get_ref<const std::string&>()));
    char* end = nullptr;
    amount = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0') throw Broken{std::string(field) + " is no number"};
  } else {
    throw Broken{std::string(field) + " is no number"};
  }
  if (!std::isfinite(amount)) throw Broken{std::string(field) + " is no number"};
  if (amount < 0) throw Broken{std::string(field) + " is negative"};
  return amount;
}

/// `usd` in units of which there are `per_usd` in one USD. Throws Broken.
std::int64_t count_of(double usd, double per_usd, std::string_view field) {
  constexpr double kMost = 9e18;
  const double count = std::round(usd * per_usd);
  if (count > kMost) throw Broken{std::string(field) + " is absurd"};
  // A price finer than we can tell is never taken for none.
  return usd > 0 ? std::max<std::int64_t>(static_cast<std::int64_t>(count), 1) : 0;
}

domain::Rate rate_of(double usd_per_token, std::string_view field) {
  return count_of(usd_per_token, 1e15, field);
}

/// Rounded up: a picture that costs a third of a nano-USD more than we can write costs one more.
Money unit_of(double usd, std::string_view field) {
  constexpr double kPerUsd = 1e9;
  const std::int64_t nearest = count_of(usd, kPerUsd, field);
  const double slack = usd * kPerUsd - static_cast<double>(nearest);
  return Money::nanos(slack > 1e-6 ? nearest + 1 : nearest);
}

/// "_above_200k_tokens" at the front of `rest`: 200000, and `rest` goes on behind it.
std::optional<std::int64_t> take_threshold(std::string_view& rest) {
  constexpr std::string_view kHead = "_above_";
  constexpr std::string_view kTail = "k_tokens";
  if (!rest.starts_with(kHead)) return std::nullopt;
  const auto tail = rest.find(kTail);
  if (tail == std::string_view::npos) return std::nullopt;
  const auto thousands = parse_integer(rest.substr(kHead.size(), tail - kHead.size()));
  if (!thousands || *thousands < 1 || *thousands > 1'000'000) return std::nullopt;
  rest.remove_prefix(tail + kTail.size());
  return *thousands * 1000;
}

class Entry {
 public:
  Entry(const std::string& name, const List& fields) : fields_(fields) {
    const std::string provider = text("litellm_provider");
    price_.model = name.starts_with(provider + "/") ? name.substr(provider.size() + 1) : name;
    price_.provider = provider;
    for (const ProviderName& known : kProviders) {
      if (known.listed == provider) price_.provider = known.ours;
    }
    price_.mode = text("mode");
  }

  [[nodiscard]] bool is_served() const {
    return std::find(kModes.begin(), kModes.end(), price_.mode) != kModes.end();
  }

  domain::ListedPrice read() {
    try {
      for (const auto& [name, value] : fields_.items()) read_tokens(name, value);
      for (auto& [above, rates] : tiers_) price_.tiers.push_back({above, rates});
      read_units();
      price_.context_window = limit("max_input_tokens", "max_tokens");
      price_.max_output = limit("max_output_tokens", "max_tokens");
      const std::string gone = text("deprecation_date");
      if (parse_rfc3339(gone)) price_.deprecates = gone;
      // What makes no text has no price of it.
      auto& output = price_.rates.own(Bucket::output);
      const bool has_input = price_.rates.own(Bucket::input).has_value();
      if (has_input && !output && price_.mode != "chat" && price_.mode != "responses" &&
          price_.mode != "completion") {
        output = price_.rates.own(Bucket::image_output)
                     .value_or(price_.rates.own(Bucket::audio_output).value_or(0));
      }
    } catch (const Broken& broken) {
      return {price_, broken.why};
    }
    return {price_, ""};
  }

 private:
  [[nodiscard]] std::string text(const char* name) const {
    const auto found = fields_.find(name);
    return found != fields_.end() && found->is_string() ? found->get<std::string>() : "";
  }

  [[nodiscard]] std::optional<double> amount(const char* name) const {
    const auto found = fields_.find(name);
    return found == fields_.end() ? std::nullopt : amount_of(*found, name);
  }

  /// A count of tokens, by the first of two fields that has one.
  [[nodiscard]] std::optional<std::int64_t> limit(const char* name, const char* instead) const {
    constexpr double kMost = 1e12;
    for (const char* field : {name, instead}) {
      const auto found = fields_.find(field);
      if (found == fields_.end() ||
          (found->is_string() && !parse_integer(found->get<std::string>())))
        continue;
      const auto count = amount_of(*found, field);
      if (count && *count >= 1 && *count < kMost) return static_cast<std::int64_t>(*count);
    }
    return std::nullopt;
  }

  void read_tokens(std::string_view name, const List& value) {
    for (const TokenField& known : kTokenFields) {
      if (!name.starts_with(known.name)) continue;
      std::string_view rest = name.substr(known.name.size());
      const bool is_long_cache =
          known.bucket == Bucket::cache_write && rest.starts_with(kLongCache);
      if (is_long_cache) rest.remove_prefix(kLongCache.size());
      const auto above = take_threshold(rest);
      std::optional<ServiceTier> tier;
      for (const ServiceField& service : kServiceFields) {
        if (rest == service.suffix) tier = service.tier;
      }
      if (!tier && !rest.empty()) continue;
      // A long prompt raises a service tier's rates as it raises the standard ones (price.hpp).
      if (tier && above) continue;
      if (const auto usd = amount_of(value, name))
        put(known.bucket, above, tier, rate_of(*usd, name));
    }
  }

  void put(Bucket bucket,
           std::optional<std::int64_t> above,
           std::optional<ServiceTier> tier,
           domain::Rate rate) {
    domain::Rates* rates = &price_.rates;
    if (above) rates = &tiers_[*above];
    if (tier) {
      auto& service = price_.service[static_cast<std::size_t>(*tier)];
      if (!service) service.emplace();
      rates = &*service;
    }
    auto& own = rates->own(bucket);
    own = std::max(own.value_or(0), rate);
  }

  void read_units() {
    const auto dearest = [this](std::initializer_list<const char*> names) {
      Money most;
      for (const char* name : names) {
        if (const auto usd = amount(name)) most = std::max(most, unit_of(*usd, name));
      }
      return most;
    };
    price_.per_request = dearest({"input_cost_per_request", "input_cost_per_query"});
    const bool has_tokens = price_.rates.own(Bucket::input).has_value();
    if (price_.mode == "image_generation" || price_.mode == "image_edit") {
      // Where pictures are billed as tokens, the price of one is for orientation.
      if (!has_tokens)
        price_.per_image = dearest({"output_cost_per_image", "input_cost_per_image"});
    } else if (price_.mode == "audio_transcription" || price_.mode == "audio_speech") {
      if (!has_tokens) {
        price_.per_second = dearest({"input_cost_per_second", "output_cost_per_second"});
        price_.per_character = dearest({"input_cost_per_character", "output_cost_per_character"});
      }
    }
  }

  const List& fields_;
  Price price_;
  std::map<std::int64_t, domain::Rates> tiers_;
};

/// What a list says twice: readers of JSON take one of the two, and which is not ours to guess.
class Doubles {
 public:
  /// Of a member as it is read: `depth` 1 is a model's, 2 that of a field of the last model.
  void note(int depth, const std::string& name) {
    if (depth == 1) {
      model_ = name;
      fields_.clear();
      if (!models_.insert(name).second) problems_[name] = "it is listed twice";
    } else if (depth == 2 && !fields_.insert(name).second) {
      problems_[model_] = name + " is given twice";
    }
  }
  /// Of the entry `model`, "" = none.
  [[nodiscard]] std::string problem_of(const std::string& model) const {
    const auto found = problems_.find(model);
    return found == problems_.end() ? "" : found->second;
  }

 private:
  std::string model_;
  std::set<std::string> models_;
  std::set<std::string> fields_;  ///< of that model
  std::map<std::string, std::string> problems_;
};

}  // namespace

domain::PriceList read_price_list(std::string_view text) {
  Doubles doubles;
  const auto note = [&doubles](int depth, List::parse_event_t event, List& parsed) {
    if (event == List::parse_event_t::key) doubles.note(depth, parsed.get_ref<std::string&>());
    return true;
  };
  const List json = List::parse(text, note, /*allow_exceptions=*/false);
  if (!json.is_object() || json.empty()) {
    throw Error(Errc::invalid,
                "this is no price list",
                "it must be a JSON object with an entry per model, as "
                "model_prices_and_context_window.json has");
  }
  domain::PriceList list;
  for (const auto& [name, fields] : json.items()) {
    if (name == "sample_spec" || !fields.is_object()) {
      list.skipped += 1;
      continue;
    }
    Entry entry(name, fields);
    if (entry.is_served()) {
      domain::ListedPrice listed = entry.read();
      if (auto problem = doubles.problem_of(name); !problem.empty()) listed.problem = problem;
      list.prices.push_back(std::move(listed));
    } else {
      list.skipped += 1;
    }
  }
  return list;
}

}  // namespace nufi::api
