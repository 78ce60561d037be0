#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::domain {

/// An amount in nano-USD (1e-9 USD), range ±9.2 billion USD. Arithmetic is checked: what does not
/// fit throws Error{internal}, it never wraps.
class Money {
 public:
  constexpr Money() = default;
  static constexpr Money nanos(std::int64_t value) { return Money(value); }
  static constexpr Money zero() { return Money(0); }
  static constexpr Money max() { return Money(INT64_MAX); }

  [[nodiscard]] constexpr std::int64_t nanos() const { return nanos_; }
  auto operator<=>(const Money&) const = default;

  friend Money operator+(Money a, Money b);
  friend Money operator-(Money a, Money b);
  Money& operator+=(Money other) { return *this = *this + other; }
  Money& operator-=(Money other) { return *this = *this - other; }

 private:
  constexpr explicit Money(std::int64_t value) : nanos_(value) {}
  std::int64_t nanos_ = 0;
};

/// Reads a decimal amount in USD: "5", "0.25", "1e-7", at most nine digits after the point, not
/// negative, less than 9 billion. std::nullopt for anything else ("nan", "$5", more digits).
std::optional<Money> parse_usd(std::string_view text);

/// The exact decimal in USD without padding: "5", "0.25", "0.000000001", "-1.5".
std::string format_usd(Money amount);

}  // namespace nufi::domain
