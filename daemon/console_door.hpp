#pragma once

#include "daemon/control_server.hpp"

#include <functional>
#include <string>
#include <vector>

namespace nufi::daemon {

/// The door on 127.0.0.1:6835: health for whoever watches the daemon. Management asks for a token
/// that nobody has yet, so it is always refused here; it is on the Unix socket. Thread-safe.
class ConsoleDoor {
 public:
  struct Options {
    std::string listen_host;                 ///< the address it listens on
    std::vector<std::string> allowed_hosts;  ///< further names in Host, besides loopback ones
  };

  /// `problem` says why nufid can't serve calls now, "" = it can.
  ConsoleDoor(Options options, std::function<std::string()> problem);
  [[nodiscard]] Reply answer(const Request& request) const;

 private:
  [[nodiscard]] bool is_our_host(const std::string& header) const;

  const Options options_;
  const std::function<std::string()> problem_;
};

}  // namespace nufi::daemon
