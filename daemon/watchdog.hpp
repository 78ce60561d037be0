#pragma once

#include "daemon/janitor.hpp"

#include <chrono>
#include <functional>
#include <string>

namespace nufi::daemon {

/// Tells systemd again and again that all is well, from construction to destruction; it kills and
/// restarts a service that has not said so for `limit` (WatchdogSec=).
class Watchdog {
 public:
  /// Returns when what must live has answered; throws Error if something did not within `patience`.
  /// May be empty.
  using Proof = std::function<void(std::chrono::milliseconds patience)>;

  /// Comes three times within `limit`, so that one late answer is no death.
  Watchdog(std::string notify_socket, std::chrono::microseconds limit, Proof proof);

 private:
  Janitor janitor_;
};

}  // namespace nufi::daemon
