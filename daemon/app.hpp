#pragma once

#include "daemon/config.hpp"
#include "daemon/signals.hpp"

#include <memory>

namespace nufi::daemon {

/// The whole daemon. Built from the floor up (store, ledger, secrets, data plane, doors) and taken
/// down the other way round.
class App {
 public:
  /// Opens the house; calls are served when it returns. Throws Error with a hint if it can't be
  /// opened.
  App(const Config& config, Signals& signals);
  ~App();

  /// The line that says so: `nufid: ready on …`.
  [[nodiscard]] std::string ready_line() const;

  /// Blocks until a signal or POST /v1/shutdown; then takes no more calls, lets those in flight end
  /// (up to --drain-timeout, or until a second signal) and closes.
  void run();

 private:
  class House;
  Signals& signals_;
  std::unique_ptr<House> house_;
};

}  // namespace nufi::daemon
