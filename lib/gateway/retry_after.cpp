#include "lib/gateway/retry_after.hpp"

#include "lib/base/text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <string_view>

namespace nufi::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::hours(24);

/// "1.5" of `unit`s.
std::optional<milliseconds> span(std::string_view text, double unit_ms) {
  const std::string number(trim(text));
  const bool is_number = !number.empty() && number.size() <= 20 &&
                         number.find_first_not_of("0123456789.") == std::string::npos;
  if (!is_number || std::count(number.begin(), number.end(), '.') > 1) return std::nullopt;
  if (number == ".") return std::nullopt;
  const double ms = std::ceil(std::strtod(number.c_str(), nullptr) * unit_ms);
  return milliseconds(
      static_cast<std::int64_t>(std::min(ms, static_cast<double>(kLongest.count()))));
}

/// "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<Timestamp> date(std::string_view text) {
  using namespace std::chrono;
  static constexpr std::array<std::string_view, 12> kMonths = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  text = trim(text);
  if (text.size() != 29 || text.substr(25) != " GMT" || text.substr(3, 2) != ", ") return {};
  const auto month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  const auto number = [&](std::size_t at, std::size_t size) {
    return static_cast<int>(parse_integer(text.substr(at, size)).value_or(-1));
  };
  const int h = number(17, 2);
  const int m = number(20, 2);
  const int s = number(23, 2);
  const year_month_day day{year{number(12, 4)},
                           std::chrono::month{static_cast<unsigned>(month - kMonths.begin()) + 1},
                           std::chrono::day{static_cast<unsigned>(number(5, 2))}};
  const bool is_time = h >= 0 && h < 24 && m >= 0 && m < 60 && s >= 0 && s <= 60;
  if (month == kMonths.end() || !day.ok() || !is_time) return {};
  return time_point_cast<milliseconds>(sys_days{day}) + hours{h} + minutes{m} + seconds{s};
}

}  // namespace

std::optional<milliseconds> retry_after(const net::Fields& fields, Timestamp now) {
  if (const auto exact = span(fields.find("retry-after-ms"), 1)) return exact;
  const auto text = fields.find("retry-after");
  if (const auto seconds = span(text, 1000)) return seconds;
  if (const auto when = date(text)) return std::clamp<milliseconds>(*when - now, {}, kLongest);
  return std::nullopt;
}

}  // namespace nufi::gateway
