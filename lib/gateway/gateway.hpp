#pragma once

#include "lib/base/even_clock.hpp"
#include "lib/gateway/directory.hpp"
#include "lib/gateway/limiter.hpp"
#include "lib/gateway/live_calls.hpp"
#include "lib/gateway/respond.hpp"
#include "lib/gateway/response_owners.hpp"
#include "lib/gateway/trace.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/net/exchange.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nufi::gateway {

struct Options {
  std::vector<std::string> allowed_hosts;  ///< Host names beside the loopback ones
  std::vector<std::string> cors_origins;   ///< of domain/origin: pages that may call
  std::uint64_t max_body = std::uint64_t{32} << 20;
  std::chrono::milliseconds first_byte_timeout{600'000};
  std::chrono::milliseconds idle_timeout{600'000};  ///< silence in the middle of a reply
  int budget_status = 429;                          ///< or 402
  TraceSink* traces = nullptr;                      ///< lent; null = nothing is traced
};

/// What may change while nufid runs.
struct LiveSettings {
  std::atomic<std::int64_t> hold_wait_ms{2000};
  std::atomic<bool> drain_on_disconnect{false};
  std::atomic<bool> draining{false};
  std::atomic<domain::TraceMode> trace{domain::TraceMode::off};  ///< of all calls
};

/// Who is calling: the key and what stands above it. Shared and immutable.
struct Caller {
  std::shared_ptr<const domain::Key> key;
  std::shared_ptr<const domain::Key> parent;  ///< whose limits hold as well; null = none
  std::shared_ptr<const World> world;
  const domain::Account* account = nullptr;  ///< in world
  const domain::Project* project = nullptr;
  const domain::Group* group = nullptr;
};

/// The inference API (PRODUCT §7): one call from door to ledger. handle() runs as a coroutine on
/// the loop of the connection; everything else is thread-safe.
class Gateway {
 public:
  Gateway(Options options,
          Directory& directory,
          ledger::Ledger& ledger,
          StoredResponses& responses,
          const EvenClock& even_clock,
          std::size_t loops);

  /// Serves one request. Throws nothing.
  net::Awaitable<void> handle(net::Exchange& exchange);

  [[nodiscard]] LiveSettings& settings() { return settings_; }
  [[nodiscard]] const LiveSettings& settings() const { return settings_; }
  [[nodiscard]] const Directory& directory() const { return directory_; }
  [[nodiscard]] const ledger::Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] const EvenClock& even_clock() const { return even_clock_; }
  [[nodiscard]] Limiter& limiter() { return limiter_; }
  [[nodiscard]] const Limiter& limiter() const { return limiter_; }
  [[nodiscard]] LiveCalls& live_calls() { return live_calls_; }

 private:
  friend class InferenceCall;
  friend class ResponseCall;

  net::Awaitable<void> route(net::Exchange& exchange);
  net::Awaitable<void> ready(net::Exchange& exchange);

  const Options options_;
  Directory& directory_;
  ledger::Ledger& ledger_;
  ResponseOwners owners_;
  const EvenClock& even_clock_;  ///< by which leases end
  const Clock& clock_;
  LiveSettings settings_;
  Limiter limiter_;
  LiveCalls live_calls_;
};

}  // namespace nufi::gateway
