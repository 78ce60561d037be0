#pragma once

#include "cli/context.hpp"
#include "cli/nufid_flags.hpp"
#include "cli/process.hpp"
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
/// What `nufid --check-config` says of its config file.
struct ConfigTrial {
  std::optional<Output> alone;       ///< without any flag; none: there is no nufid to ask
  std::optional<Output> with_flags;  ///< of the one that runs, if it does and they are known
};
domain::HealthCheck judge_config(const ConfigTrial& trial, bool is_running);

/// The config file that a nufid with `flags` reads.
std::string config_file_of(const Config& config, const Words& flags);
struct FileFacts {
  bool exists = false;
  unsigned owner = 0;  ///< uid
  unsigned mode = 0;
};
FileFacts look_at_file(const std::string& path);
/// Who else may read or change the config file of the nufid of `uid`; std::nullopt if there is no
/// file. One that serves all users has a group of its own, which may read it.
std::optional<domain::HealthCheck> judge_config_file(const std::string& path,
                                                     const FileFacts& facts,
                                                     unsigned uid);

/// The zone whose days nufid counts, and the user's ("" = not known).
domain::HealthCheck judge_time_zone(const std::string& daemons, const std::string& users);

}  // namespace nufi::cli
