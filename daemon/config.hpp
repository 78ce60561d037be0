#pragma once

#include "lib/base/log.hpp"
#include "lib/domain/proxy.hpp"
#include "lib/store/store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nufi::daemon {

/// The environment by name. Only main and config look at it.
using Environment = std::map<std::string, std::string>;

/// Where a door listens.
struct Address {
  std::string host;        ///< IP address (IPv6 without brackets) or "localhost"
  std::uint16_t port = 0;  ///< 0 = any free one
  /// "127.0.0.1:6834", "[::1]:6834".
  [[nodiscard]] std::string text() const;
  /// 127.0.0.0/8, ::1 or localhost.
  [[nodiscard]] bool is_loopback() const;
};

/// Sockets handed over by systemd, -1 = not.
struct InheritedSockets {
  int inference = -1;
  int console = -1;
  int control = -1;
};

/// All that nufid can be told, checked. Paths are absolute.
struct Config {
  Address listen;
  std::optional<Address> console;  ///< std::nullopt = off
  std::filesystem::path socket;
  std::filesystem::path data_dir;
  bool is_system = false;  ///< serves every user of the machine
  bool allow_remote_inference = false;
  bool allow_remote_console = false;
  std::vector<std::string> allowed_hosts;
  std::vector<std::string> cors_origins;
  bool demo = false;
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::text;
  store::Durability durability = store::Durability::power;
  std::uint64_t max_body = 0;      ///< bytes
  std::uint64_t max_buffered = 0;  ///< bytes of all bodies
  std::size_t max_connections = 0;
  std::chrono::seconds drain_timeout{};
  std::chrono::seconds upstream_timeout{};             ///< to the first byte
  std::optional<std::chrono::milliseconds> hold_wait;  ///< over the setting
  std::optional<int> budget_status;                    ///< over the setting: 429 or 402
  std::string ca_file;                                 ///< additional roots, or ""
  domain::ProxyRules proxies;                          ///< HTTPS_PROXY and NO_PROXY
  bool check_only = false;
  std::filesystem::path restore;  ///< the backup to put in place instead of running, or ""

  Environment environment;    ///< for secrets' references and commands; without systemd's variables
  std::string notify_socket;  ///< systemd's, or ""
  /// How often systemd wants to hear that all is well at least; 0 = never.
  std::chrono::microseconds watchdog{};
  InheritedSockets inherited;
};

/// The help or version to print, instead of running.
struct Printout {
  std::string text;
};

/// Reads flags, then NUFI_… of `environment`, then the config file: the first that says it wins.
/// `args` is without the program's name; `pid` is ours (systemd names whom its sockets are for).
/// Throws Error{usage} for what can't be understood or must not be.
std::variant<Config, Printout> parse_config(const std::vector<std::string>& args,
                                            const Environment& environment,
                                            std::int64_t pid);

/// "HOST:PORT", "[::1]:0". Throws Error{usage} naming `flag`.
Address parse_address(const std::string& text, std::string_view flag);

/// "33554432", "64KiB", "32MiB", "1GiB". Throws Error{usage} naming `flag`.
std::uint64_t parse_size(const std::string& text, std::string_view flag);

}  // namespace nufi::daemon
