#pragma once

#include "cli/context.hpp"
#include "lib/domain/health.hpp"
#include "lib/domain/views.hpp"

#include <optional>
#include <string>
#include <vector>

/// What nufi sees of nufid from outside: its socket, its versions, its config file.
namespace nufi::cli {

/// The socket's file, as the system shows it.
struct SocketFacts {
  bool exists = false;
  bool is_socket = false;
  unsigned owner = 0;   ///< uid
  unsigned mode = 0;    ///< of the socket
  unsigned folder = 0;  ///< mode of the directory it lies in
};
SocketFacts look_at_socket(const std::string& path);
/// `uid`: who asks. A nufid of one user has its socket 0600; one for all users lets everybody
/// connect, as it knows who does.
domain::HealthCheck judge_socket(const std::string& path, const SocketFacts& facts, unsigned uid);

domain::HealthCheck judge_version(const std::string& ours, const std::string& theirs);
/// `exit_code` of `nufid --check-config`; std::nullopt: there is no nufid to ask.
domain::HealthCheck judge_config(std::optional<int> exit_code, bool is_running);
/// The zone whose days nufid counts, and the user's ("" = not known).
domain::HealthCheck judge_time_zone(const std::string& daemons, const std::string& users);

}  // namespace nufi::cli
