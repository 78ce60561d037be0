#include "lib/domain/account.hpp"

namespace nufi::domain {
namespace {

/// A multiplier is counted in millionths, an amount of money in thousandths of those.
constexpr std::int64_t kNanosPerMillionth = 1000;

}  // namespace

std::optional<Multiplier> parse_multiplier(std::string_view text) {
  const auto number = parse_usd(text);
  if (!number || number->nanos() % kNanosPerMillionth != 0) return std::nullopt;
  const Multiplier multiplier = number->nanos() / kNanosPerMillionth;
  if (multiplier < 1 || multiplier > kMostMultiplier) return std::nullopt;
  return multiplier;
}

std::string format_multiplier(Multiplier multiplier) {
  return format_usd(Money::nanos(multiplier * kNanosPerMillionth));
}

}  // namespace nufi::domain
