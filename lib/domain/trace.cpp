#include "lib/domain/trace.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace nufi::domain {
namespace {

constexpr std::array<std::pair<TraceMode, std::string_view>, 3> kModes = {
    {{TraceMode::off, "off"}, {TraceMode::on, "on"}, {TraceMode::errors, "errors"}}};

bool lies_in(const TraceSpan& span, const TraceAttempt& attempt) {
  return span.start_us >= attempt.start_us &&
         span.start_us + span.us <= attempt.start_us + attempt.attempt.total_us;
}

}  // namespace

std::string_view trace_mode_name(TraceMode mode) noexcept {
  for (const auto& [value, name] : kModes) {
    if (value == mode) return name;
  }
  return "";
}

std::optional<TraceMode> trace_mode_from_name(std::string_view name) noexcept {
  for (const auto& [value, known] : kModes) {
    if (known == name) return value;
  }
  return std::nullopt;
}

TraceMode trace_mode_of(const Key& key) {
  if (!key.trace) return TraceMode::off;
  return key.trace_errors_only ? TraceMode::errors : TraceMode::on;
}

TraceMode wider(TraceMode everybody, TraceMode key) {
  if (everybody == TraceMode::on || key == TraceMode::on) return TraceMode::on;
  return everybody == TraceMode::off ? key : everybody;
}

std::vector<TracePart> slowest_parts(const Trace& trace) {
  std::vector<TracePart> parts;
  // All attempts but the last one failed; what they did is not told one by one.
  TracePart failed{.name = "failed", .upstream = {}, .us = 0, .count = 0};
  for (std::size_t i = 0; i + 1 < trace.attempts.size(); ++i) {
    failed.us += trace.attempts[i].attempt.total_us;
    failed.count += 1;
  }
  if (failed.count > 0) parts.push_back(failed);
  for (const TraceSpan& span : trace.spans) {
    const bool is_of_failed =
        trace.attempts.size() > 1 &&
        std::any_of(trace.attempts.begin(), trace.attempts.end() - 1, [&](const auto& attempt) {
          return lies_in(span, attempt);
        });
    if (is_of_failed) continue;
    // While the client did not read, the reply could not come.
    const auto us = span.name == "reply"
                        ? std::max<std::int64_t>(0, span.us - trace.client_blocked_us)
                        : span.us;
    parts.push_back({.name = span.name, .upstream = span.upstream, .us = us});
  }
  parts.push_back({.name = "client", .upstream = {}, .us = trace.client_blocked_us});
  std::erase_if(parts, [](const TracePart& part) { return part.us <= 0; });
  std::stable_sort(parts.begin(), parts.end(), [](const TracePart& a, const TracePart& b) {
    return a.us > b.us;
  });
  return parts;
}

}  // namespace nufi::domain
