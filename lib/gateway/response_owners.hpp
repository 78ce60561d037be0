#pragma once

#include "lib/gateway/stored_responses.hpp"
#include "lib/net/exchange.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace nufi::gateway {

/// True for what can be the id of a response: letters, digits, `_` and `-`, at most 256 of them.
bool is_response_id(std::string_view id);

/// Who made which response: the latest ones from memory, which also knows of those that are still
/// being made, the others from where they are kept. Thread-safe.
class ResponseOwners {
 public:
  explicit ResponseOwners(StoredResponses& stored) : stored_(stored) {}

  /// A reply has named it. It counts from now on; the settlement of its call keeps it for good.
  void note(const std::string& id, ResponseOwner owner);

  /// The owner of `id` (any text), if it has one.
  net::Awaitable<StoredResponses::Answer> find(net::Exchange& exchange, std::string id);

  /// Returns once nobody finds it any more, not even after a restart.
  net::Awaitable<void> forget(net::Exchange& exchange, std::string id);

  /// How many are in memory at least, once as many have been noted; twice as many at most.
  static constexpr std::size_t kRemembered = 8192;

 private:
  using Owners = std::unordered_map<std::string, ResponseOwner>;

  StoredResponses& stored_;
  std::mutex mutex_;
  Owners latest_;
  Owners former_;  ///< what was latest until that was full
};

}  // namespace nufi::gateway
