#include "lib/openai/transcript.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/usage_count.hpp"

#include <algorithm>

namespace nufi::openai {
namespace {

constexpr std::size_t kLongestLine = 128;
constexpr std::int64_t kMostMs = INT64_C(100'000'000);
constexpr std::string_view kArrow = "-->";

/// `01:02:03,456` or `02:03.456`.
std::optional<std::int64_t> read_time(std::string_view text) {
  text = trim(text);
  text = text.substr(0, text.find_first_of(" \t\r"));
  const auto point = text.find_first_of(".,");
  if (point == std::string_view::npos || text.size() - point != 4) return std::nullopt;
  const auto thousandths = parse_integer(text.substr(point + 1));
  std::int64_t seconds = 0;
  const auto parts = split(text.substr(0, point), ':');
  if (!thousandths || *thousandths < 0 || parts.size() < 2 || parts.size() > 3) return std::nullopt;
  for (const auto& each : parts) {
    const auto number = parse_integer(each);
    if (!number || *number < 0 || *number > 10'000) return std::nullopt;
    seconds = seconds * 60 + *number;
  }
  return std::min<std::int64_t>(seconds * 1000 + *thousandths, kMostMs);
}

}  // namespace

std::optional<std::int64_t> ms_of_seconds(std::string_view number) {
  if (number.empty() || number.find_first_not_of("0123456789.eE+-") != std::string_view::npos) {
    return std::nullopt;
  }
  // Money has the same digits behind its point, and reads and rounds as it must be here.
  const auto nanos = rounded_usd(number);
  if (!nanos) return std::nullopt;
  const auto ms = (nanos->nanos() + 999'999) / 1'000'000;
  return ms <= kMostMs ? std::optional(ms) : std::nullopt;
}

void TranscriptScan::feed(std::string_view bytes) {
  duration_.feed(bytes);
  while (!bytes.empty()) {
    const auto end = std::min(bytes.find('\n'), bytes.size());
    line_ += bytes.substr(0, std::min(end, kLongestLine - std::min(line_.size(), kLongestLine)));
    read_line();
    if (end == bytes.size()) return;
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
}

/// Also of a line that is not whole: the last one may have no end.
void TranscriptScan::read_line() {
  const auto arrow = line_.find(kArrow);
  if (arrow == std::string::npos) return;
  const auto from = read_time(std::string_view(line_).substr(0, arrow));
  const auto to = read_time(std::string_view(line_).substr(arrow + kArrow.size()));
  if (from && to) last_ms_ = std::max(last_ms_.value_or(0), *to);
}

std::optional<std::int64_t> TranscriptScan::said_ms() const {
  if (!duration_.found()) return std::nullopt;
  std::string_view value = duration_.value();
  if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
  return ms_of_seconds(value);
}

}  // namespace nufi::openai
