#include "lib/base/text.hpp"

#include "lib/base/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace nufi {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year_month_day;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Reads a fixed form from the front of a text; once something is missing it stays failed.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || !is_digit(rest_.front())) {
        ok_ = false;
        return 0;
      }
      value = value * 10 + (take() - '0');
    }
    return value;
  }
  /// True (and taken) if the next character is one of `any_of`.
  bool skip(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    take();
    return true;
  }
  void expect(std::string_view any_of) { ok_ = skip(any_of) && ok_; }
  [[nodiscard]] bool at_digit() const { return !rest_.empty() && is_digit(rest_.front()); }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }
  char take() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

/// Milliseconds behind the point; further digits are dropped.
milliseconds read_fraction(Reader& reader) {
  int value = 0;
  int scale = 100;
  do {
    value += reader.digits(1) * scale;
    scale /= 10;
  } while (reader.at_digit());
  return milliseconds(value);
}

/// "Z" or "+hh:mm": what has to be taken off the written time.
std::optional<minutes> read_offset(Reader& reader) {
  if (reader.skip("Zz")) return minutes(0);
  const bool is_west = reader.skip("-");
  if (!is_west) reader.expect("+");
  const int hour = reader.digits(2);
  reader.expect(":");
  const int minute = reader.digits(2);
  if (!reader.ok() || hour > 23 || minute > 59) return std::nullopt;
  const minutes offset = hours(hour) + minutes(minute);
  return is_west ? -offset : offset;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::string format_rfc3339(Timestamp instant) {
  // Four digits of year are all that RFC 3339 has.
  constexpr Timestamp kFirst = sys_days(std::chrono::year(0) / 1 / 1);
  constexpr Timestamp kLast = sys_days(std::chrono::year(10000) / 1 / 1) - milliseconds(1);
  instant = std::clamp(instant, kFirst, kLast);
  const auto day = std::chrono::floor<days>(instant);
  const year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
                                 static_cast<int>(date.year()),
                                 static_cast<unsigned>(date.month()),
                                 static_cast<unsigned>(date.day()),
                                 time.hours().count(),
                                 time.minutes().count(),
                                 time.seconds().count());
  if (time.subseconds() != milliseconds(0)) {
    text += fmt::format(".{:03}", time.subseconds().count());
  }
  return text + 'Z';
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
  Reader reader(text);
  const int year = reader.digits(4);
  reader.expect("-");
  const int month = reader.digits(2);
  reader.expect("-");
  const int day = reader.digits(2);
  const year_month_day date{std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.ok() || !date.ok()) return std::nullopt;
  const Timestamp midnight = sys_days(date);
  if (reader.at_end()) return midnight;

  reader.expect("Tt ");
  const int hour = reader.digits(2);
  reader.expect(":");
  const int minute = reader.digits(2);
  reader.expect(":");
  const int second = reader.digits(2);
  milliseconds fraction(0);
  if (reader.skip(".")) fraction = read_fraction(reader);
  const auto offset = read_offset(reader);
  // Second 60 is a leap second, which Unix time shows as the first of the next minute.
  if (!reader.ok() || !reader.at_end() || !offset || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  return midnight + hours(hour) + minutes(minute) + seconds(second) + fraction - *offset;
}

std::optional<seconds> parse_duration(std::string_view text) {
  constexpr seconds kLongest = days(365'000);
  if (text.size() < 2) return std::nullopt;
  seconds unit(0);
  switch (text.back()) {
    case 's':
      unit = seconds(1);
      break;
    case 'm':
      unit = minutes(1);
      break;
    case 'h':
      unit = hours(1);
      break;
    case 'd':
      unit = days(1);
      break;
    case 'w':
      unit = days(7);
      break;
    default:
      return std::nullopt;
  }
  const auto count = parse_integer(text.substr(0, text.size() - 1));
  if (!count || *count <= 0 || *count > kLongest / unit) return std::nullopt;
  return unit * *count;
}

std::string format_duration(milliseconds span) {
  // The smallest count has no positive counterpart.
  if (span == milliseconds::min()) span = milliseconds::max();
  span = std::chrono::abs(span);
  if (span < seconds(1)) return "now";
  if (span < minutes(1)) return fmt::format("{}s", span / seconds(1));
  if (span < hours(1)) return fmt::format("{}m", span / minutes(1));
  if (span < days(1)) return fmt::format("{}h", span / hours(1));
  if (span < days(30)) return fmt::format("{}d", span / days(1));
  if (span < days(365)) return fmt::format("{}mo", span / days(30));
  return fmt::format("{}y", span / days(365));
}

bool is_valid_name(std::string_view text) {
  constexpr std::size_t kMostCharacters = 64;
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  std::size_t count = 0;
  while (!text.empty()) {
    const Utf8Character character = first_character(text);
    if (!character.valid || !is_printable(character.code)) return false;
    if (++count > kMostCharacters) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

std::optional<long long> parse_integer(std::string_view text) {
  long long value = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || stopped != end) return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string to_lower(std::string_view ascii) {
  std::string out(ascii);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool glob_match(std::string_view pattern, std::string_view text) noexcept {
  // Only the last `*` is ever taken back: what an earlier one matched can stay as short as it is.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

namespace {

/// Insertions, deletions, substitutions and swaps of neighbours that turn `a` into `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_back(b.size() + 1);
  std::vector<std::size_t> back(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) back[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = back[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({back[j] + 1, row[j - 1] + 1, substitute});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], two_back[j - 2] + 1);
      }
    }
    two_back.swap(back);
    back.swap(row);
  }
  return back[b.size()];
}

}  // namespace

std::optional<std::string> closest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  constexpr std::size_t kLongestWord = 64;
  if (word.empty() || word.size() > kLongestWord) return std::nullopt;
  const std::size_t tolerated = word.size() <= 3 ? 1 : word.size() <= 6 ? 2 : 3;
  std::optional<std::string> best;
  std::size_t best_distance = tolerated + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t distance = edit_distance(to_lower(word), to_lower(candidate));
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace nufi
