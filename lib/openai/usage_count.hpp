#pragma once

#include "lib/domain/money.hpp"
#include "lib/openai/json_walk.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace nufi::openai {

/// No call uses more tokens of a kind.
inline constexpr std::int64_t kMostTokens = 1'000'000'000;

/// A count of tokens in a reply; std::nullopt if it is none that can be: negative, fractional,
/// text, more than kMostTokens.
std::optional<std::int64_t> read_count(const JsonValue& value);

/// A JSON number in USD as money, rounded up to the next nano: upstreams compute theirs in floating
/// point and send all its digits. std::nullopt if it is negative or absurd.
std::optional<domain::Money> rounded_usd(std::string_view number);

}  // namespace nufi::openai
