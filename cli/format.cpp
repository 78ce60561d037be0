#include "cli/format.hpp"

#include "lib/base/text.hpp"
#include "lib/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace nufi::cli {

using domain::Money;

namespace {

constexpr std::uint64_t kNanosPerUsd = 1'000'000'000;
constexpr int kNanoDigits = 9;

std::uint64_t power_of_ten(int exponent) {
  std::uint64_t value = 1;
  for (int i = 0; i < exponent; ++i) value *= 10;
  return value;
}

int decimals_for(std::uint64_t nanos) {
  if (nanos >= 100 * kNanosPerUsd) return 2;
  if (nanos >= kNanosPerUsd) return 4;
  return nanos >= 1000 ? 6 : kNanoDigits;
}

/// The wide blocks that names are likely to hold: CJK, Hangul, full-width forms, emoji.
bool is_wide(char32_t code) {
  return (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
         (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
         (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
         (code >= 0xFFE0 && code <= 0xFFE6) || (code >= 0x1F300 && code <= 0x1FAFF) ||
         (code >= 0x20000 && code <= 0x3FFFD);
}

bool is_combining(char32_t code) {
  return (code >= 0x0300 && code <= 0x036F) || (code >= 0x1AB0 && code <= 0x1AFF) ||
         (code >= 0x20D0 && code <= 0x20FF) || (code >= 0xFE00 && code <= 0xFE0F);
}

int width_of(char32_t code) {
  if (is_combining(code)) return 0;
  return is_wide(code) ? 2 : 1;
}

}  // namespace

std::string human_money(Money amount, Rounding rounding) {
  const bool negative = amount < Money::zero();
  const auto bits = static_cast<std::uint64_t>(amount.nanos());
  const std::uint64_t nanos = negative ? 0 - bits : bits;
  const std::uint64_t step = power_of_ten(kNanoDigits - decimals_for(nanos));
  // Down is towards less money, so the amount of a debt grows.
  const std::uint64_t least = negative ? step - 1 : 0;
  const std::uint64_t extra = rounding == Rounding::nearest ? step / 2 : least;
  const std::uint64_t rounded = (nanos + extra) / step * step;
  std::string fraction = fmt::format("{:09}", rounded % kNanosPerUsd);
  while (fraction.size() > 2 && fraction.back() == '0') fraction.pop_back();
  const auto whole = static_cast<std::int64_t>(rounded / kNanosPerUsd);
  return fmt::format("{}${}.{}", negative ? "-" : "", human_count(whole), fraction);
}

std::string human_budget(const std::optional<Money>& budget, domain::Period period) {
  if (!budget) return "-";
  return fmt::format("{}/{}", human_money(*budget), domain::period_name(period));
}

std::string human_token_limit(std::int64_t limit, domain::Period period) {
  return fmt::format(
      "{} {}/{}", human_count(limit), limit == 1 ? "token" : "tokens", domain::period_name(period));
}

std::string human_count(std::int64_t count) {
  std::string digits = std::to_string(count);
  const std::size_t first = digits.starts_with('-') ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string human_count_of(std::int64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", human_count(count), noun, count == 1 ? "" : "s");
}

std::string human_ago(Timestamp then, Timestamp now) {
  const std::string span = format_duration(now - then);
  return span == "now" ? span : span + " ago";
}

std::string human_until(Timestamp then, Timestamp now) {
  if (then <= now) return human_ago(then, now);
  using namespace std::chrono;
  const auto left = duration_cast<milliseconds>(then - now);
  struct Unit {
    milliseconds below;  ///< what is shorter is told in this unit
    milliseconds length;
    const char* name;
  };
  constexpr std::array kUnits = {Unit{minutes(1), seconds(1), "s"},
                                 Unit{hours(1), minutes(1), "m"},
                                 Unit{days(1), hours(1), "h"},
                                 Unit{days(30), days(1), "d"},
                                 Unit{days(365), days(30), "mo"},
                                 Unit{milliseconds::max(), days(365), "y"}};
  const auto* const unit = std::find_if(
      kUnits.begin(), kUnits.end(), [left](const Unit& each) { return left < each.below; });
  // To the nearest, or what was just made for 30 days would say 29.
  const auto [below, length, name] = unit == kUnits.end() ? kUnits.back() : *unit;
  const auto count = left / length + (left % length * 2 >= length ? 1 : 0);
  return count == 0 ? "now" : fmt::format("in {}{}", count, name);
}

std::string human_latency(std::int64_t us) {
  if (us < 0) return "-";
  constexpr std::int64_t kMilli = 1000;
  constexpr std::int64_t kSecond = 1'000'000;
  if (us < 10 * kMilli) return fmt::format("{}.{}ms", us / kMilli, us % kMilli / 100);
  if (us < kSecond) return fmt::format("{}ms", us / kMilli);
  if (us < 60 * kSecond) return fmt::format("{}.{}s", us / kSecond, us % kSecond / 100'000);
  const std::int64_t seconds = us / kSecond;
  return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    if (character.valid && is_printable(character.code)) {
      out += text.substr(0, character.length);
    } else {
      out += '?';
    }
    text.remove_prefix(character.length);
  }
  return out;
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    width += width_of(character.code);
    text.remove_prefix(character.length);
  }
  return width;
}

std::string shorten(std::string_view text, int width, bool unicode) {
  if (display_width(text) <= width) return std::string(text);
  // Three dots would leave nothing of a narrow text.
  const std::string mark = unicode ? "…" : width >= 6 ? "..." : ".";
  const int room = width - display_width(mark);
  std::string out;
  int used = 0;
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    const int more = width_of(character.code);
    if (used + more > room) break;
    used += more;
    out += text.substr(0, character.length);
    text.remove_prefix(character.length);
  }
  return width > 0 ? out + mark : std::string();
}

std::vector<std::string> wrapped(std::string_view text, int width) {
  std::vector<std::string> lines;
  width = std::max(width, 8);
  while (display_width(text) > width) {
    std::size_t end = 0;
    std::size_t blank = 0;
    for (int used = 0; end < text.size();) {
      const std::string_view rest = text.substr(end);
      const std::size_t length = first_character(rest).length;
      used += display_width(rest.substr(0, length));
      // A space may stand where the line ends: it is not printed.
      if (text[end] == ' ') blank = end;
      if (used > width) break;
      end += length;
    }
    const std::size_t cut = blank > 0 ? blank : end;
    lines.emplace_back(text.substr(0, cut));
    text.remove_prefix(blank > 0 ? cut + 1 : cut);
  }
  lines.emplace_back(text);
  return lines;
}

std::vector<std::string> wrapped_message(std::string_view text, int width) {
  const auto at = text.find(": nufi ");
  if (display_width(text) <= width || at == std::string_view::npos) return wrapped(text, width);
  auto lines = wrapped(text.substr(0, at + 1), width);
  lines.emplace_back(text.substr(at + 2));
  return lines;
}

}  // namespace nufi::cli
