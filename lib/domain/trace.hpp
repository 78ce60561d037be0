#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/ids.hpp"
#include "lib/domain/key.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/domain/money.hpp"
#include "lib/domain/usage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

/// Which calls leave a trace: none, all, or those that fail.
enum class TraceMode { off, on, errors };

std::string_view trace_mode_name(TraceMode mode) noexcept;
std::optional<TraceMode> trace_mode_from_name(std::string_view name) noexcept;

TraceMode trace_mode_of(const Key& key);
/// What counts for a call: everybody's mode or its key's, whichever keeps more.
TraceMode wider(TraceMode everybody, TraceMode key);

/// A call that was traced, as a list shows it. Nothing of what was said is in it.
struct TraceHead {
  std::string id;  ///< of the request, as the client was told it
  Timestamp time;
  std::string account;  ///< login name
  KeyId key;
  std::string key_name;
  std::string endpoint;
  std::string model;
  std::string upstream;  ///< "" = none was asked
  RowStatus status = RowStatus::ok;
  int http_status = 0;  ///< what the client was sent; 0 = nothing
  std::string error_code;
  Money cost;
  std::int64_t total_us = 0;
  bool operator==(const TraceHead&) const = default;
};

/// What the call did for a while. `name` is one of
///   body     the request came
///   hold     it waited for room in its windows
///   probe    it waited until somebody else's call knew whether a resting upstream is back
///   turn     it waited for a connection that the upstream may have
///   lookup, connect, tls    the connection was made
///   upstream it was sent, and the upstream thought until its first byte
///   reply    the reply came
///   settle   its settlement was made durable
struct TraceSpan {
  std::string name;
  std::string upstream;  ///< whose it is, or ""
  std::int64_t start_us = 0;
  std::int64_t us = 0;
  bool operator==(const TraceSpan&) const = default;
};

struct TraceAttempt {
  Attempt attempt;      ///< as in the ledger
  std::string model;    ///< as the upstream calls it
  std::string problem;  ///< why there was no reply, for people
  bool reused = false;  ///< a kept-alive connection took it
  std::int64_t start_us = 0;
  bool operator==(const TraceAttempt&) const = default;
};

/// A body as it came, at most its beginning.
struct TraceBody {
  std::string content_type;
  std::string bytes;
  std::int64_t size = 0;  ///< of the whole body as far as it came
  [[nodiscard]] bool is_cut() const { return size > static_cast<std::int64_t>(bytes.size()); }
  bool operator==(const TraceBody&) const = default;
};

/// One call with all that was said.
struct Trace {
  TraceHead head;
  std::string upstream_model;
  bool stream = false;
  std::string error;  ///< the message of our refusal or error, or ""
  Usage usage;
  CostBasis basis = CostBasis::none;
  std::vector<std::string> changes;  ///< what the upstream was sent otherwise than the client said
  std::vector<TraceAttempt> attempts;
  std::vector<TraceSpan> spans;        ///< by their start
  std::int64_t client_blocked_us = 0;  ///< the reply waited for the client to read on
  bool incomplete = false;             ///< there was no memory for all of it
  TraceBody request;
  TraceBody reply;
  bool operator==(const Trace&) const = default;
};

/// One share of the time a call took.
struct TracePart {
  /// The name of a span, or
  ///   failed   attempts that failed before the one that answered
  ///   client   the client read slowly
  std::string name;
  std::string upstream;
  std::int64_t us = 0;
  int count = 1;  ///< of attempts that failed
  bool operator==(const TracePart&) const = default;
};
/// What the time went to, the largest part first; parts of nothing are left out.
std::vector<TracePart> slowest_parts(const Trace& trace);

/// What somebody said in a prompt.
struct TraceMessage {
  std::string role;
  std::string text;
  bool operator==(const TraceMessage&) const = default;
};
struct TraceToolCall {
  std::string name;
  std::string arguments;
  bool operator==(const TraceToolCall&) const = default;
};
/// A trace as people read it.
struct TraceView {
  Trace trace;
  std::vector<TraceMessage> prompt;  ///< empty where the request is not understood
  std::string answer;                ///< the reply's text put together
  std::vector<TraceToolCall> tool_calls;
};

/// How tracing is set, and what there is.
struct TraceSettings {
  TraceMode mode = TraceMode::off;  ///< for all, or of `key`
  std::string key;                  ///< name, "" = for all
  std::string file;                 ///< where traces are kept
  int days = 0;                     ///< they are kept so long
  std::int64_t most_bytes = 0;      ///< and take at most so much
  std::int64_t bytes = 0;           ///< that they take now
  std::int64_t dropped = 0;         ///< traces that were lost since the start
  std::string problem;              ///< why none can be written, or ""
};

}  // namespace nufi::domain
