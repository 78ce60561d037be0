#include "lib/openai/usage_count.hpp"

#include "lib/base/text.hpp"

#include <algorithm>

namespace nufi::openai {

std::optional<std::int64_t> read_count(const JsonValue& value) {
  if (value.kind != JsonKind::number) return std::nullopt;
  const auto number = parse_integer(value.raw);
  if (!number || *number < 0 || *number > kMostTokens) return std::nullopt;
  return *number;
}

std::optional<domain::Money> rounded_usd(std::string_view number) {
  constexpr int kDecimals = 9;
  constexpr std::int64_t kMost = INT64_C(100'000'000'000'000);
  const auto mark = std::min(number.find_first_of("eE"), number.size());
  std::int64_t exponent = 0;
  if (mark < number.size()) {
    auto text = number.substr(mark + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    const auto read = parse_integer(text);
    if (!read || *read > 1000 || *read < -1000) return std::nullopt;
    exponent = *read;
  }
  const auto mantissa = number.substr(0, mark);
  const auto point = std::min(mantissa.find('.'), mantissa.size());
  // How many more digits there are to the left of the nano's place.
  auto left = static_cast<std::int64_t>(point) + exponent + kDecimals;
  std::int64_t nanos = 0;
  bool more = false;
  for (const char c : mantissa) {
    if (c == '.') continue;
    if (c == '-') return std::nullopt;
    if (left-- > 0) {
      nanos = nanos * 10 + (c - '0');
      if (nanos > kMost) return std::nullopt;
    } else {
      more = more || c != '0';
    }
  }
  for (; left > 0 && nanos > 0; --left) {
    nanos *= 10;
    if (nanos > kMost) return std::nullopt;
  }
  return domain::Money::nanos(nanos + (more ? 1 : 0));
}

}  // namespace nufi::openai
