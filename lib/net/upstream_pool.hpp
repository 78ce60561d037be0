#pragma once

#include "lib/net/loop.hpp"
#include "lib/net/upstream_call.hpp"
#include "lib/net/upstream_connection.hpp"

#include <deque>
#include <memory>
#include <unordered_map>

namespace nufi::net {

/// The idle kept-alive connections of one loop, newest used first.
class UpstreamPool {
 public:
  explicit UpstreamPool(Loop& loop);

  /// A connection to `target` that is idle and still open, or null.
  std::unique_ptr<UpstreamConnection> take(const Target& target);
  void give_back(std::unique_ptr<UpstreamConnection> connection);
  [[nodiscard]] std::unique_ptr<UpstreamConnection> make(std::shared_ptr<const Target> target);
  /// Closes what is idle.
  void clear() { idle_.clear(); }

 private:
  void sweep();

  Loop& loop_;
  std::unordered_map<const Target*, std::deque<std::unique_ptr<UpstreamConnection>>> idle_;
  Deadline next_sweep_;
};

}  // namespace nufi::net
