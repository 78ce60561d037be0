#include "lib/domain/ids.hpp"

namespace nufi::domain {
namespace {

constexpr std::string_view kPrefix = "req_";
constexpr std::size_t kDigits = 11;  // 62^11 > 2^63

}  // namespace

std::string RequestId::text() const {
  return std::string(kPrefix) + to_base62(static_cast<std::uint64_t>(value), kDigits);
}

RequestId RequestId::parse(std::string_view text) {
  if (text.size() != kPrefix.size() + kDigits || !text.starts_with(kPrefix)) return {};
  const auto value = parse_base62(text.substr(kPrefix.size()));
  if (!value || *value > static_cast<std::uint64_t>(INT64_MAX)) return {};
  return {static_cast<std::int64_t>(*value)};
}

}  // namespace nufi::domain
