#pragma once

#include "lib/domain/ids.hpp"

#include <functional>
#include <optional>
#include <string>

namespace nufi::gateway {

/// Whose a response is that an upstream keeps, and which one.
struct ResponseOwner {
  domain::AccountId account;
  domain::UpstreamId upstream;
};

/// Where it is kept for good whose the stored responses are. It may have to read a disk, so it
/// answers later and on another thread: `done` must only hand over to its own loop. Thread-safe.
class StoredResponses {
 public:
  struct Answer {
    std::optional<ResponseOwner> owner;
    std::string problem;  ///< why it can't be said, "" = it was
  };

  virtual ~StoredResponses() = default;
  /// `done` runs once, or not at all if this is destroyed before.
  virtual void find(std::string id, std::function<void(Answer)> done) = 0;
  /// The upstream does not keep it any more.
  virtual void forget(std::string id, std::function<void()> done) = 0;
};

}  // namespace nufi::gateway
