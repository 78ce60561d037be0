#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/trace.hpp"
#include "lib/gateway/directory.hpp"
#include "lib/net/upstream_call.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::gateway {

/// How much memory the bodies in traces may take that are not written yet, all calls together.
/// Thread-safe and without a lock; must outlive the traces.
class TraceMemory {
 public:
  explicit TraceMemory(std::int64_t most) : most_(most) {}
  [[nodiscard]] bool take(std::int64_t bytes);
  void give_back(std::int64_t bytes) { used_.fetch_sub(bytes, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const std::int64_t most_;
  std::atomic<std::int64_t> used_{0};
};

/// The trace of one call while it runs. Belongs to the loop of the call, then to who takes it.
///
/// It never holds a header of the client but the content type: no authorization, no cookie. Where
/// its share of memory ends, the bodies end too, and it is marked as incomplete.
class CallTrace {
 public:
  /// The most that is kept of a body.
  static constexpr std::size_t kMostBody = std::size_t{1} << 20;
  /// A shorter step is no wait but the way through the code, and says nothing.
  static constexpr std::int64_t kShortestSpanUs = 20;

  CallTrace(TraceMemory& memory,
            const Clock& clock,
            SteadyTime started,
            domain::TraceMode mode,
            std::shared_ptr<const World> world);
  ~CallTrace();
  CallTrace(const CallTrace&) = delete;
  CallTrace& operator=(const CallTrace&) = delete;

  [[nodiscard]] domain::Trace& facts() { return trace_; }
  [[nodiscard]] domain::TraceMode mode() const { return mode_; }
  /// Microseconds since the call began.
  [[nodiscard]] std::int64_t now_us() const;

  void add_request(std::string_view bytes) { add(trace_.request, bytes); }
  /// An upstream answers, or the same one once more; then what comes of its reply.
  void begin_reply(std::string content_type, std::string upstream);
  void add_reply(std::string_view bytes);
  /// What the call did from `start_us` until now, if that took a while.
  void span(std::string_view name, std::int64_t start_us, std::string upstream = {});
  /// An attempt that began at `start_us` ended now.
  void attempt(const domain::Attempt& attempt,
               const std::string& model,
               std::int64_t start_us,
               const net::UpstreamCall& call);

  /// Until now, from `start_us` on, the reply waited for its client.
  void add_blocked(std::int64_t start_us) { trace_.client_blocked_us += now_us() - start_us; }
  /// The call is over.
  void end();

  /// Masks in the bodies what is no prompt or answer: our keys, and the secrets of upstreams, also
  /// where JSON writes them with escapes, at any depth. It reads all of them, so it is not for a
  /// loop.
  void take_out_secrets();
  /// Whether `pieces`, one behind the other, spell out a key of ours or an upstream's secret that
  /// masks in each of them would leave to be read. To be asked before secrets are taken out.
  [[nodiscard]] bool spells_secret(const std::vector<std::string>& pieces) const;
  /// Keeps `bytes` in the place of the reply.
  void replace_reply(std::string content_type, std::string bytes);

 private:
  void add(domain::TraceBody& body, std::string_view bytes);

  TraceMemory& memory_;
  const Clock& clock_;
  const SteadyTime started_;
  const domain::TraceMode mode_;
  const std::shared_ptr<const World> world_;
  domain::Trace trace_;
  std::int64_t taken_ = 0;
  domain::TraceSpan reply_{"reply", {}, 0, -1};
};

/// Where traces go when their call has ended. Thread-safe; blocks nobody: one that can't be taken
/// is dropped.
class TraceSink {
 public:
  virtual ~TraceSink() = default;
  virtual void take(std::unique_ptr<CallTrace> trace) noexcept = 0;
  [[nodiscard]] virtual TraceMemory& memory() = 0;
};

}  // namespace nufi::gateway
