#pragma once

#include "lib/domain/ids.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

namespace nufi::gateway {

/// The streams that run, by key, so that a revoke can cut them. One table per loop: each is used on
/// its own loop only.
class LiveCalls {
 public:
  explicit LiveCalls(std::size_t loops) : loops_(loops) {}

  /// Registers a stream of `key` on `loop` for as long as it lives; `cut` ends it.
  class Entry {
   public:
    Entry(LiveCalls& calls, std::size_t loop, const domain::KeyId& key, std::function<void()> cut);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

   private:
    friend class LiveCalls;
    LiveCalls& calls_;
    const std::size_t loop_;
    const std::string key_;
    std::function<void()> cut_;
  };

  /// Cuts all streams of `key` on `loop`; call it there.
  void cut(std::size_t loop, const domain::KeyId& key);

 private:
  std::vector<std::unordered_multimap<std::string, Entry*>> loops_;
};

}  // namespace nufi::gateway
