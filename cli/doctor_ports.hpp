#pragma once

#include "lib/domain/health.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Who answers where nufid listens.
namespace nufi::cli {

/// "127.0.0.1:6834" or "[::1]:6834", also with "http://" before and a path behind.
struct Place {
  std::string host;  ///< without brackets
  std::uint16_t port = 0;
};
std::optional<Place> parse_place(std::string_view url);

enum class Answer {
  nobody,   ///< nothing listens
  nufid,    ///< it answers as nufid does
  other,    ///< something else answers
  silence,  ///< it takes the connection, and says nothing in time
};
/// Asks the place for its health. Blocks for two seconds at most.
Answer ask_place(const Place& place);
/// Does a head of an HTTP reply come from nufid?
bool is_of_nufid(std::string_view head);

/// "pid 4711 (python3)" of the program that listens on `port`; "" if the system does not tell us.
std::string find_listener(std::uint16_t port);
/// The inode of the socket that listens on `port`, in the text of /proc/net/tcp or tcp6.
std::optional<std::uint64_t> listening_inode(std::string_view table, std::uint16_t port);

/// `name` is "ports.inference"; `holder` is who listens there, or "".
domain::HealthCheck judge_port(const std::string& name,
                               const std::string& url,
                               Answer answer,
                               bool is_running,
                               const std::string& holder);

}  // namespace nufi::cli
