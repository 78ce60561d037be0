#include "lib/domain/catalogue.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

#include <tuple>

namespace nufi::domain {

extern const std::string_view kCatalogueText;  // catalogue_text.cpp, made by CMake

namespace {

/// Reads the lines of one text; every problem names the line it is on.
class Parser {
 public:
  std::string date;
  std::vector<Price> prices;

  void read_line(std::string_view line) {
    ++line_number_;
    const bool continues = line.starts_with(' ');
    const std::vector<std::string> words = words_of(line.substr(0, line.find('#')));
    if (words.empty()) return;
    if (continues) {
      if (prices.empty()) fail("continues nothing");
      for (const std::string& word : words) read_field(prices.back(), word);
    } else if (words.front() == "date") {
      if (words.size() != 2 || !parse_rfc3339(words[1])) fail("needs a date like 2026-08-01");
      date = words[1];
    } else {
      read_model(words);
    }
  }

 private:
  static std::vector<std::string> words_of(std::string_view line) {
    std::vector<std::string> words;
    for (const std::string& word : split(line, ' ')) {
      if (!trim(word).empty()) words.emplace_back(trim(word));
    }
    return words;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(Errc::invalid, "line " + std::to_string(line_number_) + " of the prices " + what);
  }

  void read_model(const std::vector<std::string>& words) {
    if (date.empty()) fail("comes before the date");
    if (words.size() < 3) fail("needs provider, model and mode");
    Price price;
    price.provider = words[0];
    price.model = words[1];
    price.mode = words[2];
    price.date = date;
    price.id = price.provider + "/" + price.model + "@" + date;
    for (std::size_t i = 3; i < words.size(); ++i) read_field(price, words[i]);
    prices.push_back(std::move(price));
  }

  void read_field(Price& price, const std::string& word) const {
    if (word == "free") {
      price.free = true;
      return;
    }
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) fail("has no value for \"" + word + "\"");
    const std::string name = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    if (name == "context") {
      price.context_window = count(value);
    } else if (name == "max_output") {
      price.max_output = count(value);
    } else if (name == "per_request") {
      price.per_request = amount(value);
    } else if (name == "per_image") {
      price.per_image = amount(value);
    } else if (name == "per_second") {
      price.per_second = amount(value);
    } else if (name == "per_character") {
      price.per_character = amount(value);
    } else if (name == "deprecates") {
      if (!parse_rfc3339(value)) fail("has a broken date");
      price.deprecates = value;
    } else {
      read_rate(price, name, value);
    }
  }

  /// "input", "batch.input" or "above200000.input".
  void read_rate(Price& price, const std::string& name, const std::string& value) const {
    const std::size_t dot = name.find('.');
    Rates& rates =
        dot == std::string::npos ? price.rates : rates_called(price, name.substr(0, dot));
    const std::string bucket_text = dot == std::string::npos ? name : name.substr(dot + 1);
    for (const Bucket bucket : kBuckets) {
      if (bucket_name(bucket) != bucket_text) continue;
      if (rates.own(bucket)) fail("sets \"" + name + "\" twice");
      rates.own(bucket) = rate(value);
      return;
    }
    fail("has an unknown field \"" + name + "\"");
  }

  Rates& rates_called(Price& price, const std::string& name) const {
    constexpr std::string_view kAbove = "above";
    if (name.starts_with(kAbove)) {
      const std::int64_t above = count(name.substr(kAbove.size()));
      auto& tiers = price.tiers;
      if (tiers.empty() || tiers.back().above_tokens < above) tiers.push_back({above, {}});
      if (tiers.back().above_tokens != above) fail("has tiers that do not ascend");
      return tiers.back().rates;
    }
    const auto tier = name == "flex"       ? ServiceTier::flex
                      : name == "priority" ? ServiceTier::priority
                      : name == "batch"    ? ServiceTier::batch
                                           : ServiceTier::standard;
    if (tier == ServiceTier::standard) fail("has an unknown tier \"" + name + "\"");
    auto& service = price.service[static_cast<std::size_t>(tier)];
    if (!service) service.emplace();
    return *service;
  }

  [[nodiscard]] std::int64_t count(std::string_view text) const {
    const auto value = parse_integer(text);
    if (!value || *value < 0) fail("has a broken number \"" + std::string(text) + "\"");
    return *value;
  }

  [[nodiscard]] Money amount(std::string_view text) const {
    const auto value = parse_usd(text);
    if (!value) fail("has a broken amount \"" + std::string(text) + "\"");
    return *value;
  }

  [[nodiscard]] Rate rate(std::string_view text) const {
    const auto value = parse_rate(text);
    if (!value) fail("has a broken amount \"" + std::string(text) + "\"");
    return *value;
  }

  int line_number_ = 0;
};

auto dearness(const Price& price) {
  return std::tuple(price.rates.dearest_completion(), price.rates.dearest_prompt());
}

/// Without "-2024-08-06" or "-20240806" at its end.
std::string_view without_date(std::string_view model) {
  for (const std::string_view form : {"-dddd-dd-dd", "-dddddddd"}) {
    if (model.size() <= form.size()) continue;
    const auto end = model.substr(model.size() - form.size());
    const auto fits = [](char c, char wanted) {
      return wanted == 'd' ? c >= '0' && c <= '9' : c == wanted;
    };
    if (std::equal(end.begin(), end.end(), form.begin(), fits)) {
      return model.substr(0, model.size() - form.size());
    }
  }
  return model;
}

}  // namespace

Catalogue Catalogue::parse(std::string_view text) {
  Parser parser;
  for (const std::string& line : split(text, '\n')) parser.read_line(line);
  Catalogue catalogue;
  catalogue.date_ = std::move(parser.date);
  catalogue.prices_ = std::move(parser.prices);
  for (std::size_t i = 0; i < catalogue.prices_.size(); ++i) {
    const Price& price = catalogue.prices_[i];
    auto& same_model = catalogue.by_model_[price.model];
    for (const std::size_t other : same_model) {
      if (catalogue.prices_[other].provider == price.provider) {
        throw Error(Errc::invalid, "the prices list " + price.id + " twice");
      }
    }
    same_model.push_back(i);
    catalogue.providers_.insert(price.provider);
  }
  return catalogue;
}

const Catalogue& Catalogue::built_in() {
  static const Catalogue catalogue = parse(kCatalogueText);
  return catalogue;
}

Catalogue Catalogue::with(std::vector<Price> prices) const {
  Catalogue merged = *this;
  for (Price& price : prices) {
    merged.providers_.insert(price.provider);
    const Price* listed = merged.find_exactly(price.provider, price.model);
    if (listed == nullptr) {
      merged.by_model_[price.model].push_back(merged.prices_.size());
      merged.prices_.push_back(std::move(price));
      continue;
    }
    Price& replaced = merged.prices_[static_cast<std::size_t>(listed - merged.prices_.data())];
    price.fill_limits_from(replaced);
    for (std::size_t tier = 0; tier < price.service.size(); ++tier) {
      if (!price.service[tier]) price.service[tier] = replaced.service[tier];
    }
    replaced = std::move(price);
  }
  return merged;
}

const Price* Catalogue::find_exactly(std::string_view provider, std::string_view model) const {
  const auto found = by_model_.find(model);
  if (found == by_model_.end()) return nullptr;
  for (const std::size_t index : found->second) {
    if (prices_[index].provider == provider) return &prices_[index];
  }
  return nullptr;
}

bool Catalogue::knows_provider(std::string_view provider) const {
  return providers_.contains(provider);
}

bool Catalogue::knows_maker(std::string_view provider, std::string_view model) const {
  return find_exactly(provider, model) != nullptr ||
         find_exactly(provider, without_date(model)) != nullptr;
}

const Price* Catalogue::find(std::string_view provider, std::string_view model) const {
  const auto found = by_model_.find(model);
  if (found == by_model_.end()) return nullptr;
  const Price* dearest = nullptr;
  for (const std::size_t index : found->second) {
    const Price& price = prices_[index];
    if (price.provider == provider) return &price;
    if (dearest == nullptr || dearness(price) > dearness(*dearest)) dearest = &price;
  }
  return dearest;
}

}  // namespace nufi::domain
