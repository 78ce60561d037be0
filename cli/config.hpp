#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nufi::cli {

/// A variable's value, or nullptr.
using Environment = std::function<const char*(const char*)>;

/// What `nufi run` tells the program it starts: the id of its key.
inline constexpr const char* kRunVariable = "NUFI_RUN";

/// What `nufi` takes from its environment (PRODUCT §2). Only main and config read it.
struct Config {
  std::vector<std::string>
      sockets;                    ///< where nufid's socket can be, the likeliest first; not empty
  bool socket_is_chosen = false;  ///< by NUFI_SOCKET (or --socket): there is no other place then
  std::string state_dir;          ///< of nufi: where the log of a detached nufid goes
  std::string data_dir;           ///< where a nufid of this user keeps its data, or ""
  std::string config_file;        ///< of that nufid, unless a flag says else; "" = there is no home
  std::string listen;             ///< where it listens, unless a flag or its config file says else
  std::vector<std::string> path;  ///< folders of programs
  bool no_colour = false;
  bool force_colour = false;
  bool dumb_terminal = false;
  bool utf8 = false;  ///< the locale's character set
  std::optional<int> columns;
  std::string run;        ///< id of the key of the `nufi run` that started this, or ""
  std::string time_zone;  ///< where the user lives (see local_time); "" = not known
  bool has_wayland = false;
  bool has_x11 = false;
  Environment environment;  ///< for what only one command asks; may be empty
};

Config read_config(const Environment& environment);

/// The socket to talk to: the first of `config.sockets` that is there, else the first.
std::string choose_socket(const Config& config);

}  // namespace nufi::cli
