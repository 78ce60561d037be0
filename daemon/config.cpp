#include "daemon/config.hpp"

#include "daemon/config_file.hpp"
#include "daemon/paths.hpp"
#include "daemon/version.hpp"
#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/origin.hpp"
#include "lib/service/settings.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <unistd.h>

namespace nufi::daemon {

namespace {

constexpr std::string_view kSystemdVariables[] = {
    "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"};
constexpr int kFirstInherited = 3;
constexpr long long kMostConnections = 1'000'000;
constexpr std::uint64_t kMostBuffered = std::uint64_t{512} << 20;

/// A variable that stands for a flag.
struct Variable {
  std::string_view name;
  std::string_view flag;
};
constexpr std::array kVariables = {
    Variable{"NUFI_SOCKET", "--socket"},
    Variable{"NUFI_DATA_DIR", "--data-dir"},
    Variable{"NUFI_CONFIG", "--config"},
    Variable{"NUFI_LISTEN", "--listen"},
    Variable{"NUFI_CONSOLE_LISTEN", "--console-listen"},
};

std::string value_of(const Environment& environment, std::string_view name) {
  const auto found = environment.find(std::string(name));
  return found == environment.end() ? "" : found->second;
}

/// Variables become flags in front of the given ones, and the last of a flag counts: so a flag wins
/// over its variable, and both over the config file.
std::vector<std::string> with_variables(const std::vector<std::string>& args,
                                        const Environment& environment) {
  std::vector<std::string> all;
  for (const Variable& variable : kVariables) {
    const std::string value = value_of(environment, variable.name);
    if (!value.empty()) all.push_back(fmt::format("{}={}", variable.flag, value));
  }
  all.insert(all.end(), args.begin(), args.end());
  return all;
}

/// In either case, the lower one first, as other programs read them.
domain::ProxyRules proxy_rules(const Environment& environment) {
  const auto either = [&](const char* lower, const char* upper) {
    const auto value = value_of(environment, lower);
    return value.empty() ? value_of(environment, upper) : value;
  };
  return {either("https_proxy", "HTTPS_PROXY"), either("no_proxy", "NO_PROXY")};
}

InheritedSockets inherited_sockets(const Environment& environment, std::int64_t pid) {
  InheritedSockets sockets;
  const auto count = parse_integer(value_of(environment, "LISTEN_FDS"));
  if (!count || *count < 1 || parse_integer(value_of(environment, "LISTEN_PID")) != pid) {
    return sockets;
  }
  const auto names = split(value_of(environment, "LISTEN_FDNAMES"), ':');
  const std::array<std::pair<std::string_view, int*>, 3> places = {
      {{"inference", &sockets.inference},
       {"console", &sockets.console},
       {"control", &sockets.control}}};
  bool is_named = false;
  for (int i = 0; i < *count && static_cast<std::size_t>(i) < names.size(); ++i) {
    for (const auto& [name, place] : places) {
      if (names[static_cast<std::size_t>(i)] != name) continue;
      *place = kFirstInherited + i;
      is_named = true;
    }
  }
  if (is_named) return sockets;
  for (int i = 0; i < *count && i < 3; ++i) {
    *places[static_cast<std::size_t>(i)].second = kFirstInherited + i;
  }
  return sockets;
}

std::chrono::microseconds watchdog_limit(const Environment& environment, std::int64_t pid) {
  const auto limit = parse_integer(value_of(environment, "WATCHDOG_USEC"));
  const std::string meant = value_of(environment, "WATCHDOG_PID");
  if (!limit || *limit < 1 || (!meant.empty() && parse_integer(meant) != pid)) return {};
  return std::chrono::microseconds(*limit);
}

std::chrono::seconds parse_seconds(const std::string& text, std::string_view flag) {
  if (const auto span = parse_duration(text)) return *span;
  if (const auto count = parse_integer(text); count && *count >= 0 && *count <= 1'000'000) {
    return std::chrono::seconds(*count);
  }
  throw Error(
      Errc::usage, fmt::format("{} must be a time, not '{}'", flag, text), "for example 30s");
}

/// Throws Error{usage} if `text` is none of `words`.
void check_word(const std::string& text,
                const std::vector<std::string>& words,
                std::string_view flag) {
  if (std::find(words.begin(), words.end(), text) != words.end()) return;
  std::string list;
  for (const std::string& word : words) {
    if (!list.empty()) list += word == words.back() ? " or " : ", ";
    list += word;
  }
  const auto near = closest(text, words);
  throw Error(Errc::usage,
              fmt::format("{} must be {}, not '{}'", flag, list, text),
              near ? fmt::format("did you mean '{}'?", *near) : std::string());
}

std::size_t parse_connections(const std::string& text) {
  const auto count = parse_integer(text);
  if (count && *count >= 1 && *count <= kMostConnections) return static_cast<std::size_t>(*count);
  throw Error(
      Errc::usage,
      fmt::format(
          "--max-connections must be a number from 1 to {}, not '{}'", kMostConnections, text));
}

void check_remote(const Address& address,
                  bool is_allowed,
                  std::string_view flag,
                  std::string_view door) {
  if (address.is_loopback() || is_allowed) return;
  throw Error(Errc::usage,
              fmt::format("{} {} can be reached from other machines", flag, address.text()),
              fmt::format("if that is meant, say --allow-remote {}", door));
}

/// What CLI11 fills in before it is checked.
struct Texts {
  std::string listen = "127.0.0.1:6834";
  std::string console = "127.0.0.1:6835";
  std::string socket;
  std::string data_dir;
  std::vector<std::string> allow_remote;
  std::string log_level = "info";
  std::string log_format = "text";
  std::string durability = "power";
  std::string max_body = "32MiB";
  std::string max_buffered;
  std::string max_connections = "16384";
  std::string drain_timeout = "30s";
  std::string upstream_timeout = "600s";
  std::string hold_wait;
  std::string budget_status;
  std::string restore;
};

void declare(CLI::App& app, Texts& texts, Config& config, const Paths& paths) {
  app.set_version_flag("--version", fmt::format("nufid {}", kVersion));
  app.set_config("--config", paths.config_file.string(), "config file; every flag may stand in it")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.allow_config_extras(false);
  const auto text = [&](const char* flag, std::string& value, const char* help) {
    return app.add_option(flag, value, help)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
        ->capture_default_str();
  };
  text("--listen", texts.listen, "HOST:PORT of the inference API (port 0: any free one)");
  text("--console-listen", texts.console, "HOST:PORT of console and health, or off");
  text("--socket", texts.socket, "Unix socket of the management API");
  text("--data-dir", texts.data_dir, "directory of the database");
  app.add_flag("--system",
               config.is_system,
               "serve every user of this machine; root and the group nufi-admin are admins");
  app.add_option("--allow-remote", texts.allow_remote, "doors that may listen beyond loopback")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option("--allow-host", config.allowed_hosts, "further Host names to answer to")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_option(
         "--cors-origin", config.cors_origins, "web origins that may call the inference API")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--demo", config.demo, "add the upstream demo, which answers with the prompt");
  text("--log-level", texts.log_level, "debug, info, warning or error");
  text("--log-format", texts.log_format, "text or json");
  text("--durability", texts.durability, "what the ledger survives: process or power");
  text("--max-body", texts.max_body, "largest request body, in bytes, KiB, MiB or GiB");
  text("--max-buffered",
       texts.max_buffered,
       "most memory for long request bodies (else: 512MiB, or a quarter of this machine's)");
  text("--max-connections", texts.max_connections, "most clients at once");
  text("--drain-timeout", texts.drain_timeout, "how long calls may take to end at shutdown");
  text("--upstream-timeout", texts.upstream_timeout, "how long an upstream may take to answer");
  text("--hold-wait", texts.hold_wait, "how long a call waits for room (else: setting hold_wait)");
  text("--budget-status",
       texts.budget_status,
       "HTTP status of a reached budget, 429 or 402 (else: the setting)");
  text("--ca-file", config.ca_file, "PEM file with additional roots for all upstreams");
  text("--restore", texts.restore, "put this backup in place of the database, then stop");
  app.add_flag("--check-config", config.check_only, "check flags and config file, then stop");
}

/// A body is kept as it came and, while it is sent, as the upstream gets it: the longest one must
/// fit twice, or it would be refused for ever.
std::uint64_t most_buffered(const std::string& text, std::uint64_t max_body) {
  const auto least = max_body > UINT64_MAX / 2 ? UINT64_MAX : 2 * max_body;
  if (text.empty()) {
    const auto pages = static_cast<std::uint64_t>(std::max(0L, ::sysconf(_SC_PHYS_PAGES)));
    const auto machine = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return std::max(least, std::min(kMostBuffered, machine / 4));
  }
  const auto size = parse_size(text, "--max-buffered");
  if (size >= least) return size;
  throw Error(Errc::usage,
              fmt::format("--max-buffered {} is less than two of the longest bodies", text),
              fmt::format("give at least {}, or a smaller --max-body", least));
}

/// From text to values; every rule that needs more than one flag is here.
void settle(const Texts& texts, const Paths& paths, Config& config) {
  config.listen = parse_address(texts.listen, "--listen");
  if (texts.console != "off") config.console = parse_address(texts.console, "--console-listen");
  for (const std::string& door : texts.allow_remote) {
    check_word(door, {"inference", "console"}, "--allow-remote");
  }
  check_word(texts.log_level, {"debug", "info", "warning", "error"}, "--log-level");
  check_word(texts.log_format, {"text", "json"}, "--log-format");
  check_word(texts.durability, {"process", "power"}, "--durability");
  if (!texts.budget_status.empty()) {
    check_word(texts.budget_status, {"429", "402"}, "--budget-status");
  }
  config.max_connections = parse_connections(texts.max_connections);
  const auto allows = [&](std::string_view door) {
    return std::find(texts.allow_remote.begin(), texts.allow_remote.end(), door) !=
           texts.allow_remote.end();
  };
  config.allow_remote_inference = allows("inference");
  config.allow_remote_console = allows("console");
  check_remote(config.listen, config.allow_remote_inference, "--listen", "inference");
  if (config.console) {
    check_remote(*config.console, config.allow_remote_console, "--console-listen", "console");
  }
  const Paths system = system_paths();
  const Paths& places = config.is_system ? system : paths;
  config.data_dir =
      texts.data_dir.empty() ? places.data_dir : std::filesystem::absolute(texts.data_dir);
  config.is_system = config.is_system || config.data_dir == system.data_dir;
  const auto& socket = config.is_system ? system.socket : paths.socket;
  config.socket = texts.socket.empty() ? socket : std::filesystem::absolute(texts.socket);
  config.log_level = log::level_from_name(texts.log_level);
  config.log_format = texts.log_format == "json" ? log::Format::json : log::Format::text;
  config.durability =
      texts.durability == "process" ? store::Durability::process : store::Durability::power;
  if (!texts.restore.empty()) config.restore = std::filesystem::absolute(texts.restore);
  config.max_body = parse_size(texts.max_body, "--max-body");
  config.max_buffered = most_buffered(texts.max_buffered, config.max_body);
  config.drain_timeout = parse_seconds(texts.drain_timeout, "--drain-timeout");
  config.upstream_timeout = parse_seconds(texts.upstream_timeout, "--upstream-timeout");
  if (config.upstream_timeout.count() < 1) {
    throw Error(Errc::usage, "--upstream-timeout must be at least 1s");
  }
  if (!texts.hold_wait.empty()) {
    try {
      config.hold_wait = service::parse_wait(texts.hold_wait, "--hold-wait");
    } catch (const Error& error) {
      throw Error(Errc::usage, error.what(), error.hint());
    }
  }
  for (std::string& origin : config.cors_origins) {
    try {
      origin = domain::read_origin(origin);
    } catch (const Error& error) {
      throw Error(Errc::usage, std::string("--cors-origin ") + error.what(), error.hint());
    }
  }
  if (!texts.budget_status.empty()) config.budget_status = texts.budget_status == "402" ? 402 : 429;
  if (!config.ca_file.empty()) {
    config.ca_file = std::filesystem::absolute(config.ca_file).string();
    if (!std::filesystem::is_regular_file(config.ca_file)) {
      throw Error(Errc::usage, "--ca-file " + config.ca_file + " is not there");
    }
  }
}

std::string config_file_of(const CLI::App& app) {
  const CLI::Option* option = app.get_config_ptr();
  return option->results().empty() ? option->get_default_str() : option->results().back();
}

/// The same, before the parser reads it.
std::string config_file_in(const std::vector<std::string>& typed, const Paths& paths) {
  constexpr std::string_view kFlag = "--config";
  std::string file = paths.config_file.string();
  for (std::size_t i = 0; i < typed.size(); ++i) {
    const std::string_view word = typed[i];
    if (word == kFlag && i + 1 < typed.size()) file = typed[i + 1];
    if (word.starts_with("--config=")) file = word.substr(kFlag.size() + 1);
  }
  return file;
}

/// Without their dashes.
std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    if (!option->get_lnames().empty()) names.push_back(option->get_lnames().front());
  }
  return names;
}

}  // namespace

std::string Address::text() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return is_v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

bool Address::is_loopback() const {
  in_addr v4{};
  if (::inet_pton(AF_INET, host.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return host == "localhost" || host == "::1";
}

Address parse_address(const std::string& text, std::string_view flag) {
  const Error wrong(Errc::usage,
                    fmt::format("{} must be HOST:PORT, not '{}'", flag, text),
                    "for example 127.0.0.1:6834 or [::1]:0");
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) throw wrong;
  Address address;
  address.host = text.substr(0, colon);
  const bool is_bracketed =
      address.host.size() > 2 && address.host.front() == '[' && address.host.back() == ']';
  if (is_bracketed) address.host = address.host.substr(1, address.host.size() - 2);
  const auto port = parse_integer(text.substr(colon + 1));
  in_addr v4{};
  in6_addr v6{};
  const bool is_host = is_bracketed ? ::inet_pton(AF_INET6, address.host.c_str(), &v6) == 1
                                    : ::inet_pton(AF_INET, address.host.c_str(), &v4) == 1 ||
                                          address.host == "localhost";
  if (!is_host || !port || *port < 0 || *port > 65535) throw wrong;
  address.port = static_cast<std::uint16_t>(*port);
  return address;
}

std::uint64_t parse_size(const std::string& text, std::string_view flag) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> kUnits = {
      {{"GiB", 1ULL << 30}, {"MiB", 1ULL << 20}, {"KiB", 1ULL << 10}, {"", 1}}};
  for (const auto& [unit, factor] : kUnits) {
    if (!text.ends_with(unit)) continue;
    const auto count = parse_integer(std::string_view(text).substr(0, text.size() - unit.size()));
    if (!count || *count < 1 || *count > (1LL << 40)) break;
    return static_cast<std::uint64_t>(*count) * factor;
  }
  throw Error(
      Errc::usage, fmt::format("{} must be a size, not '{}'", flag, text), "for example 32MiB");
}

std::variant<Config, Printout> parse_config(const std::vector<std::string>& args,
                                            const Environment& environment,
                                            std::int64_t pid) {
  // The flag says where the config file is, so it is looked for before that file is read.
  const bool is_system = std::find(args.begin(), args.end(), "--system") != args.end();
  const Paths paths = is_system ? system_paths() : default_paths(environment);
  Config config;
  Texts texts;
  CLI::App app("nufid: issues keys, holds budgets and forwards calls to providers", "nufid");
  declare(app, texts, config, paths);
  const std::vector<std::string> typed = with_variables(args, environment);
  check_is_file(config_file_in(typed, paths));
  try {
    app.parse(std::vector<std::string>(typed.rbegin(), typed.rend()));
    check_config_file(config_file_of(app));
    settle(texts, paths, config);
  } catch (const CLI::CallForHelp&) {
    return Printout{app.help()};
  } catch (const CLI::CallForVersion& version) {
    return Printout{std::string(version.what()) + "\n"};
  } catch (const CLI::ParseError& error) {
    const Error plain = in_our_words(error, option_names(app));
    throw blame(plain, config_file_of(app), typed, option_names(app));
  } catch (const Error& error) {
    throw blame(error, config_file_of(app), typed, option_names(app));
  }
  config.environment = environment;
  for (const std::string_view name : kSystemdVariables) config.environment.erase(std::string(name));
  config.proxies = proxy_rules(environment);
  config.notify_socket = value_of(environment, "NOTIFY_SOCKET");
  config.watchdog = watchdog_limit(environment, pid);
  config.inherited = inherited_sockets(environment, pid);
  return config;
}

}  // namespace nufi::daemon
