#pragma once

#include "lib/domain/price.hpp"

#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// Columns that hold more than one value, as JSON text. Encoding throws Error{invalid} for text
/// that is not UTF-8; decoding throws Error{unavailable} for what we can't have written.
namespace nufi::store::sqlite {

using Texts = std::vector<std::string>;
using TextPairs = std::vector<std::pair<std::string, std::string>>;
using ServiceRates = std::array<std::optional<domain::Rates>, 4>;

std::string encode(const Texts& texts);
Texts decode_texts(const std::string& json);

std::string encode(const TextPairs& pairs);
TextPairs decode_pairs(const std::string& json);

std::string encode(const domain::Rates& rates);
domain::Rates decode_rates(const std::string& json);

std::string encode(const std::vector<domain::ContextTier>& tiers);
std::vector<domain::ContextTier> decode_tiers(const std::string& json);

std::string encode(const ServiceRates& service);
ServiceRates decode_service(const std::string& json);

}  // namespace nufi::store::sqlite
