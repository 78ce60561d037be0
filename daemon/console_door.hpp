#pragma once

#include "daemon/control_server.hpp"
#include "daemon/routes.hpp"
#include "lib/base/sync.hpp"
#include "lib/domain/rate.hpp"

#include <functional>
#include <string>
#include <vector>

namespace nufi::daemon {

/// The door on 127.0.0.1:6835: health for whoever watches the daemon, the pages of the console, and
/// the management API for who brings an access token or a session of the console. A port is open to
/// every program and every web page of the machine: whoever calls us by a name that is not ours, or
/// from another page, is refused before anything else is looked at. Thread-safe.
class ConsoleDoor {
 public:
  struct Options {
    std::string listen_host;                 ///< the address it listens on
    std::vector<std::string> allowed_hosts;  ///< further names in Host, besides loopback ones
  };

  /// What wrong tokens, sessions and codes a minute are answered as such; more are 429. Right ones
  /// always pass.
  static constexpr std::int64_t kWrongPerMinute = 60;

  /// `api` and `context` are lent; `problem` says why nufid can't serve calls now, "" = it can.
  ConsoleDoor(Options options,
              const ManagementApi& api,
              const service::Context& context,
              std::function<std::string()> problem);
  [[nodiscard]] Reply answer(const Request& request) const;

 private:
  [[nodiscard]] Reply dispatch(const Request& request) const;
  [[nodiscard]] bool is_our_host(const std::string& header) const;
  [[nodiscard]] Reply ready() const;
  [[nodiscard]] Reply begin_session(const Request& request) const;
  [[nodiscard]] Reply refuse_stranger(const Error& error) const;

  const Options options_;
  const ManagementApi& api_;
  const service::Context& context_;
  const std::function<std::string()> problem_;
  mutable Sync<domain::RateWindow> wrong_;
};

}  // namespace nufi::daemon
