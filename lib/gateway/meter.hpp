#pragma once

#include "lib/domain/price.hpp"
#include "lib/openai/member_scan.hpp"
#include "lib/openai/sse.hpp"
#include "lib/openai/usage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::gateway {

/// Reads what a reply used while it passes, and says which of its bytes may be passed on now.
///
/// Invariants (meter_test.cpp):
///   1. What feed() and rest() return, in order, is the reply byte for byte, but for the usage
///      event that only we asked for.
///   2. Nothing is held back longer than it takes to know what it is: a whole event passes at once.
///   3. The end marker `data: [DONE]` and all behind it is held back for rest(), so that the call
///      can be settled before the client has the whole answer.
class Meter {
 public:
  enum class Kind { plain, stream };

  /// `drop_usage_event`: the client did not ask for the usage chunk; take it out. `watch_tier`:
  /// note the service tier the reply names.
  Meter(Kind kind, bool drop_usage_event, bool watch_tier = false)
      : kind_(kind), drop_usage_event_(drop_usage_event), watch_tier_(watch_tier) {}

  /// Takes the next piece of the reply; returns what may pass now, valid until the next call.
  std::string_view feed(std::string_view piece);
  /// What was held back; call once, after the last feed().
  std::string_view rest();

  /// The stream's end marker has come: the usage is final.
  [[nodiscard]] bool done() const { return done_; }
  /// An event with an `error` in its root has come.
  [[nodiscard]] bool failed() const { return failed_; }
  /// Some of the answer's content has come.
  [[nodiscard]] bool has_content() const { return events_ > 0 || plain_bytes_ > 0; }

  /// The service tier the reply says it was served at, if it was watched for and named.
  [[nodiscard]] std::optional<domain::ServiceTier> tier() const { return tier_; }

  enum class UsageKind { missing, reported, impossible };
  [[nodiscard]] UsageKind usage_kind() const { return usage_kind_; }
  /// The last one, when reported.
  [[nodiscard]] const openai::ReportedUsage& usage() const { return usage_; }
  /// Output tokens judged by what has passed: a token per four bytes of text, in a stream at least
  /// one per event.
  [[nodiscard]] std::int64_t estimated_output() const;

 private:
  void read_event(const openai::SseEvent& event);
  bool must_hold(std::string_view partial) const;
  void take_usage(std::string_view json);
  void take_tier(std::string_view quoted);

  const Kind kind_;
  const bool drop_usage_event_;
  const bool watch_tier_;
  openai::MemberScan scan_{"usage"};
  openai::MemberScan tier_scan_{"service_tier"};
  std::optional<domain::ServiceTier> tier_;
  openai::SseSplitter splitter_;
  std::string out_;
  std::string held_back_;
  std::size_t passed_ = 0;  ///< bytes of the unfinished event that have passed already
  bool dropped_ = false;    ///< the event before was taken out and ended with CR
  bool done_ = false;
  bool failed_ = false;
  bool closed_ = false;
  UsageKind usage_kind_ = UsageKind::missing;
  openai::ReportedUsage usage_;
  std::int64_t events_ = 0;
  std::int64_t streamed_tokens_ = 0;
  std::int64_t plain_bytes_ = 0;
};

/// Tokens of a prompt of which nothing but the text is known: a token per four bytes of ASCII, one
/// per two bytes of anything else. An estimate, not a bound.
std::int64_t estimated_prompt(std::string_view body);

}  // namespace nufi::gateway
