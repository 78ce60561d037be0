#include "lib/gateway/meter.hpp"

#include <algorithm>
#include <utility>

namespace nufi::gateway {
namespace {

constexpr std::string_view kDone = "[DONE]";
/// What is longer is neither the end marker nor the event that only we asked for.
constexpr std::size_t kLongestHeld = 64 * 1024;

std::string_view skip_space(std::string_view text) {
  const auto at = text.find_first_not_of(" \t");
  return at == std::string_view::npos ? std::string_view{} : text.substr(at);
}

/// What stands behind `"name":`, white space skipped; "" if it is not there, or nowhere with
/// another value than null. A name inside a JSON string has its quotes escaped, so it is never
/// taken for a member; a string that is just the name (a token of the answer) has no colon behind
/// it.
std::string_view behind_member(std::string_view json, std::string_view quoted_name) {
  for (auto at = json.find(quoted_name); at != std::string_view::npos;
       at = json.find(quoted_name, at + quoted_name.size())) {
    const auto rest = skip_space(json.substr(at + quoted_name.size()));
    if (!rest.starts_with(':')) continue;
    const auto value = skip_space(rest.substr(1));
    if (!value.starts_with("null")) return value;
  }
  return {};
}

/// The member of the root called `name`, if it is there and not null.
std::optional<std::string> root_member(std::string_view json,
                                       std::string_view name,
                                       std::string_view quoted_name) {
  if (behind_member(json, quoted_name).empty()) return std::nullopt;
  openai::MemberScan scan(name);
  scan.feed(json);
  if (!scan.found() || scan.value() == "null") return std::nullopt;
  return scan.value();
}

/// `"choices":[]`, null or nothing of the kind.
bool has_no_choices(std::string_view json) {
  const auto value = behind_member(json, "\"choices\"");
  return !value.starts_with('[') || skip_space(value.substr(1)).starts_with(']');
}

/// The event that begins like this may still turn out to be the end marker.
bool may_be_done(std::string_view partial) {
  while (true) {
    const auto end = partial.find_first_of("\r\n");
    const bool is_whole = end != std::string_view::npos;
    auto line = partial.substr(0, end);
    constexpr std::string_view kField = "data:";
    if (line.size() <= kField.size() && !is_whole) return kField.starts_with(line);
    if (line.starts_with(kField)) {
      line.remove_prefix(kField.size());
      if (line.starts_with(' ')) line.remove_prefix(1);
      return is_whole ? line == kDone : kDone.starts_with(line);
    }
    if (!is_whole) return false;
    partial.remove_prefix(end + 1);
  }
}

/// Output tokens of one event: a token per four bytes of what stands in its delta, at least one.
/// How much an upstream packs into one event is its own business.
std::int64_t estimated_tokens(std::string_view data) {
  constexpr std::string_view kEmptyDelta = R"({"content":""},)";
  auto delta = behind_member(data, "\"delta\"");
  if (delta.empty()) delta = data;
  auto end = delta.find("\"finish_reason\"");
  if (end == std::string_view::npos) end = delta.rfind("}]");
  const auto text = delta.substr(0, end).size();
  return text <= kEmptyDelta.size()
             ? 1
             : static_cast<std::int64_t>((text - kEmptyDelta.size() + 3) / 4);
}

/// Enough of an event is here to see that it carries a choice.
bool carries_choice(std::string_view partial) {
  const auto value = behind_member(partial, "\"choices\"");
  if (!value.starts_with('[')) return false;
  const auto first = skip_space(value.substr(1));
  return !first.empty() && !first.starts_with(']');
}

}  // namespace

void Meter::take_usage(std::string_view json) {
  auto reported = openai::read_usage(json);
  usage_kind_ = reported ? UsageKind::reported : UsageKind::impossible;
  if (reported) usage_ = *reported;
}

void Meter::take_tier(std::string_view quoted) {
  using domain::ServiceTier;
  if (quoted.starts_with("\"default\"")) tier_ = ServiceTier::standard;
  if (quoted.starts_with("\"flex\"")) tier_ = ServiceTier::flex;
  if (quoted.starts_with("\"priority\"")) tier_ = ServiceTier::priority;
}

void Meter::read_event(const openai::SseEvent& event) {
  const auto pass = event.raw.substr(passed_);
  const bool is_untouched = passed_ == 0;
  // The second half of the line end of an event that was taken out goes with it.
  if (std::exchange(dropped_, false) && event.raw == "\n") return;
  passed_ = 0;
  if (event.data == kDone) {
    done_ = true;
    held_back_ += pass;
    return;
  }
  const bool is_empty = has_no_choices(event.data);
  if (const auto usage = root_member(event.data, "usage", "\"usage\"")) {
    take_usage(*usage);
    if (drop_usage_event_ && is_empty && is_untouched && usage->starts_with('{')) {
      dropped_ = event.raw.ends_with('\r');
      return;
    }
  }
  if (watch_tier_) take_tier(behind_member(event.data, "\"service_tier\""));
  if (!event.data.empty()) {
    if (root_member(event.data, "error", "\"error\"")) failed_ = true;
    if (!is_empty) {
      events_ += 1;
      streamed_tokens_ += estimated_tokens(event.data);
    }
  }
  (done_ ? held_back_ : out_) += pass;
}

bool Meter::must_hold(std::string_view partial) const {
  if (done_) return true;
  if (partial.size() > kLongestHeld) return false;
  return may_be_done(partial) || (drop_usage_event_ && !carries_choice(partial));
}

std::string_view Meter::feed(std::string_view piece) {
  if (kind_ == Kind::plain) {
    plain_bytes_ += static_cast<std::int64_t>(piece.size());
    scan_.feed(piece);
    if (watch_tier_) {
      tier_scan_.feed(piece);
      if (tier_scan_.found()) take_tier(tier_scan_.value());
    }
    if (scan_.complete() && usage_kind_ == UsageKind::missing && scan_.found() &&
        scan_.value() != "null") {
      take_usage(scan_.value());
    }
    return piece;
  }
  out_.clear();
  splitter_.feed(piece);
  openai::SseEvent event;
  while (splitter_.next(event)) read_event(event);
  const auto partial = splitter_.partial();
  if (partial.size() > passed_ && !must_hold(partial)) {
    out_ += partial.substr(passed_);
    passed_ = partial.size();
  }
  return out_;
}

std::string_view Meter::rest() {
  if (!closed_ && kind_ == Kind::stream) {
    closed_ = true;
    // A last event without its empty line still passes, as it came.
    held_back_ += splitter_.partial().substr(passed_);
  }
  return held_back_;
}

std::int64_t Meter::estimated_output() const {
  if (kind_ == Kind::plain) return (plain_bytes_ + 3) / 4;
  return streamed_tokens_;
}

std::int64_t estimated_prompt(std::string_view body) {
  const auto ascii = std::count_if(
      body.begin(), body.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const auto other = static_cast<std::int64_t>(body.size()) - ascii;
  return (ascii + 3) / 4 + (other + 1) / 2;
}

}  // namespace nufi::gateway
