#pragma once

#include "lib/base/even_clock.hpp"
#include "lib/domain/proxy.hpp"
#include "lib/domain/trace.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/service/data_plane.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nufi::gateway {
class StoredResponses;
class TraceSink;
}  // namespace nufi::gateway

namespace nufi::daemon {

/// The data plane of nufid: the inference door, the gateway behind it, and what both know.
/// Everything is thread-safe but bind, start, drain and the destructor, which belong to one thread.
class Inference final : public service::DataPlane {
 public:
  struct Options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 6834;  ///< 0 = any free one
    bool allow_remote = false;
    int listen_fd = -1;  ///< a socket that listens already (systemd), -1 = none
    std::vector<std::string> allowed_hosts;
    std::vector<std::string> cors_origins;
    std::uint64_t max_body = std::uint64_t{32} << 20;
    std::uint64_t max_buffered = std::uint64_t{512} << 20;
    std::size_t max_connections = 16'384;
    std::chrono::seconds upstream_timeout{600};
    std::chrono::milliseconds hold_wait{2000};
    int budget_status = 429;
    std::string ca_file;
    domain::ProxyRules proxies;
    gateway::TraceSink* traces = nullptr;  ///< lent; null = nothing is traced
  };

  /// Throws Error{invalid} for an address that is not loopback without allow_remote. `ledger`,
  /// `responses` and `even_clock` must outlive it.
  Inference(Options options,
            ledger::Ledger& ledger,
            gateway::StoredResponses& responses,
            const EvenClock& even_clock);
  ~Inference() override;

  /// Binds the door; calls are taken from start() on. Throws Error{unavailable} if the port is
  /// taken.
  void bind();
  void start();
  [[nodiscard]] std::uint16_t port() const;
  /// Refuses new calls, waits for those in flight, closes the door. True if all had ended.
  bool drain(std::chrono::seconds timeout);
  /// Breaks off the calls that a drain in another thread is waiting for. Thread-safe.
  void abort();
  /// True if every event loop took a piece of work within `patience`. Thread-safe, blocks.
  [[nodiscard]] bool loops_answer(std::chrono::milliseconds patience);

  void set_hold_wait(std::chrono::milliseconds patience);
  void set_drain_on_disconnect(bool drain);
  /// Of all calls; keys may ask for more.
  void set_trace_mode(domain::TraceMode mode);

  void publish_keys(const std::vector<domain::Key>& keys) override;
  void remove_key(const domain::Key& key) override;
  void publish_world(domain::World world) override;
  [[nodiscard]] domain::CheckView check(const domain::Key& key,
                                        const domain::Call& call) const override;
  void upstream_answered(const domain::UpstreamId& id) override;
  [[nodiscard]] std::string upstream_health(const domain::UpstreamId& id) const override;
  [[nodiscard]] bool is_draining() const override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace nufi::daemon
