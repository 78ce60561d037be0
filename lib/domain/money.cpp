#include "lib/domain/money.hpp"

#include "lib/base/error.hpp"
#include "lib/domain/wide.hpp"

#include <fmt/format.h>

namespace nufi::domain {
namespace {

constexpr std::uint64_t kNanosPerUsd = 1'000'000'000;
constexpr int kDecimals = 9;

[[noreturn]] void throw_out_of_range() {
  throw Error(Errc::internal, "an amount of money is out of range");
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Takes the digits at the front of `text` and appends them to `value`. Returns how many there
/// were.
int take_digits(std::string_view& text, Wide& value) {
  int count = 0;
  while (!text.empty() && is_digit(text.front())) {
    value = add(multiply(value, 10), static_cast<Wide>(text.front() - '0'));
    text.remove_prefix(1);
    ++count;
  }
  return count;
}

/// "e-7", "E+3" or nothing: the power of ten. std::nullopt if it is malformed or absurd.
std::optional<int> take_exponent(std::string_view& text) {
  constexpr Wide kLargest = 99;
  if (text.empty()) return 0;
  if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
  text.remove_prefix(1);
  const bool is_negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  Wide value = 0;
  if (take_digits(text, value) == 0 || value > kLargest) return std::nullopt;
  return is_negative ? -static_cast<int>(value) : static_cast<int>(value);
}

}  // namespace

Money operator+(Money a, Money b) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a.nanos_, b.nanos_, &sum)) throw_out_of_range();
  return Money(sum);
}

Money operator-(Money a, Money b) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a.nanos_, b.nanos_, &difference)) throw_out_of_range();
  return Money(difference);
}

std::optional<Money> parse_usd(std::string_view text) {
  constexpr Wide kLimit = Wide{9'000'000'000} * kNanosPerUsd;
  Wide value = 0;
  const int whole_digits = take_digits(text, value);
  int fraction_digits = 0;
  if (!text.empty() && text.front() == '.') {
    text.remove_prefix(1);
    fraction_digits = take_digits(text, value);
    if (fraction_digits == 0 || fraction_digits > kDecimals) return std::nullopt;
  }
  if (whole_digits + fraction_digits == 0) return std::nullopt;
  const std::optional<int> exponent = take_exponent(text);
  if (!exponent || !text.empty()) return std::nullopt;

  int scale = kDecimals - fraction_digits + *exponent;
  for (; scale > 0; --scale) value = multiply(value, 10);
  for (; scale < 0; ++scale) {
    if (value % 10 != 0) return std::nullopt;  // finer than a nano
    value /= 10;
  }
  if (value >= kLimit) return std::nullopt;
  return Money::nanos(narrow(value));
}

std::string format_usd(Money amount) {
  const bool is_negative = amount.nanos() < 0;
  // Unsigned, because the smallest int64 has no positive counterpart.
  auto magnitude = static_cast<std::uint64_t>(amount.nanos());
  if (is_negative) magnitude = 0 - magnitude;
  std::string text = fmt::format(
      "{}{}.{:09}", is_negative ? "-" : "", magnitude / kNanosPerUsd, magnitude % kNanosPerUsd);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace nufi::domain
