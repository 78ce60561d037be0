#pragma once

#include "lib/net/connection_limit.hpp"
#include "lib/net/loop.hpp"
#include "lib/net/resolver.hpp"
#include "lib/net/upstream_call.hpp"
#include "lib/net/upstream_connection.hpp"

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

namespace nufi::net {

/// The idle kept-alive connections of one loop, newest used first. Of the loop's own thread, unless
/// said otherwise.
class UpstreamPool {
 public:
  UpstreamPool(Loop& loop, Resolver& resolver);
  ~UpstreamPool();
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  /// A connection to `target` that is idle and still open, or null.
  std::unique_ptr<UpstreamConnection> take(const Target& target);
  void give_back(std::unique_ptr<UpstreamConnection> connection);
  [[nodiscard]] std::unique_ptr<UpstreamConnection> make(std::shared_ptr<const Target> target,
                                                         ConnectionLimit::Place place);
  /// Closes what is idle.
  void clear() { idle_.clear(); }
  /// Closes idle connections that `limit` counts, as long as somebody waits for one. Thread-safe.
  void close_idle_soon(const std::shared_ptr<ConnectionLimit>& limit);
  [[nodiscard]] Loop& loop() { return loop_; }

 private:
  void sweep();
  void close_idle(const ConnectionLimit& limit);

  Loop& loop_;
  Resolver& resolver_;
  std::vector<std::weak_ptr<ConnectionLimit>> limits_;  ///< those that know this pool
  std::unordered_map<const Target*, std::deque<std::unique_ptr<UpstreamConnection>>> idle_;
  Deadline next_sweep_;
};

}  // namespace nufi::net
