#include "lib/store/sqlite/lists.hpp"

#include "lib/base/error.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>

namespace nufi::store::sqlite {
namespace {

using nlohmann::json;

std::string to_text(const json& value) {
  try {
    return value.dump();
  } catch (const json::exception&) {
    throw Error(Errc::invalid, "a text is not valid UTF-8");
  }
}

template <class Read>
auto from_text(const std::string& text, Read read) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& failure) {
    throw Error(Errc::unavailable,
                "the database holds a list that can't be read: " + std::string(failure.what()),
                "run: nufi ledger verify");
  }
}

json to_json(const domain::Rates& rates) {
  auto value = json::object();
  for (auto bucket : domain::kBuckets) {
    if (rates.own(bucket)) value[std::string(domain::bucket_name(bucket))] = *rates.own(bucket);
  }
  return value;
}

domain::Rates rates_of(const json& value) {
  domain::Rates rates;
  for (auto bucket : domain::kBuckets) {
    auto found = value.find(domain::bucket_name(bucket));
    if (found != value.end()) rates.own(bucket) = found->get<domain::Rate>();
  }
  return rates;
}

}  // namespace

std::string encode(const Texts& texts) {
  return to_text(json(texts));
}

Texts decode_texts(const std::string& text) {
  return from_text(text, [](const json& value) { return value.get<Texts>(); });
}

std::string encode(const TextPairs& pairs) {
  return to_text(json(pairs));
}

TextPairs decode_pairs(const std::string& text) {
  return from_text(text, [](const json& value) { return value.get<TextPairs>(); });
}

std::string encode(const domain::Rates& rates) {
  return to_text(to_json(rates));
}

domain::Rates decode_rates(const std::string& text) {
  return from_text(text, [](const json& value) { return rates_of(value); });
}

std::string encode(const std::vector<domain::ContextTier>& tiers) {
  auto value = json::array();
  for (const auto& tier : tiers) {
    value.push_back({{"above_tokens", tier.above_tokens}, {"rates", to_json(tier.rates)}});
  }
  return to_text(value);
}

std::vector<domain::ContextTier> decode_tiers(const std::string& text) {
  return from_text(text, [](const json& value) {
    std::vector<domain::ContextTier> tiers;
    for (const auto& tier : value) {
      tiers.push_back({tier.at("above_tokens").get<std::int64_t>(), rates_of(tier.at("rates"))});
    }
    return tiers;
  });
}

std::string encode(const ServiceRates& service) {
  auto value = json::array();
  for (const auto& rates : service) value.push_back(rates ? to_json(*rates) : json());
  return to_text(value);
}

ServiceRates decode_service(const std::string& text) {
  return from_text(text, [](const json& value) {
    ServiceRates service;
    for (std::size_t i = 0; i < service.size(); ++i) {
      if (!value.at(i).is_null()) service[i] = rates_of(value.at(i));
    }
    return service;
  });
}

}  // namespace nufi::store::sqlite
