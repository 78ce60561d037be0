#include "cli/config.hpp"

#include "cli/local_time.hpp"
#include "lib/base/text.hpp"

#include <filesystem>

namespace nufi::cli {

namespace {

constexpr const char* kSystemSocket = "/run/nufi/nufid.sock";

bool says_utf8(const std::string& locale) {
  const std::string lower = to_lower(locale);
  return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
}

}  // namespace

Config read_config(const Environment& environment) {
  // XDG says: an empty variable is an unset one, and a relative path is to be ignored.
  const auto text = [&environment](const char* name) {
    const char* value = environment(name);
    return value == nullptr ? std::string() : std::string(value);
  };
  const auto folder = [&text](const char* name) {
    const std::string value = text(name);
    return value.starts_with('/') ? value : std::string();
  };
  Config config;
  const std::string home = folder("HOME");
  std::string state = folder("XDG_STATE_HOME");
  if (state.empty() && !home.empty()) state = home + "/.local/state";
  if (!state.empty()) config.state_dir = state + "/nufi";
  std::string data = folder("XDG_DATA_HOME");
  if (data.empty() && !home.empty()) data = home + "/.local/share";
  if (!data.empty()) config.data_dir = data + "/nufi";
  if (const std::string chosen = text("NUFI_DATA_DIR"); !chosen.empty()) config.data_dir = chosen;
  std::string settings = folder("XDG_CONFIG_HOME");
  if (settings.empty() && !home.empty()) settings = home + "/.config";
  if (!settings.empty()) config.config_file = settings + "/nufi/nufid.toml";
  if (const std::string chosen = text("NUFI_CONFIG"); !chosen.empty()) config.config_file = chosen;
  config.listen = text("NUFI_LISTEN");
  if (config.listen.empty()) config.listen = "127.0.0.1:6834";
  config.environment = environment;
  if (const std::string chosen = text("NUFI_SOCKET"); !chosen.empty()) {
    config.sockets = {chosen};
    config.socket_is_chosen = true;
  } else {
    const std::string runtime = folder("XDG_RUNTIME_DIR");
    if (!runtime.empty()) config.sockets.push_back(runtime + "/nufi/nufid.sock");
    if (!state.empty()) config.sockets.push_back(state + "/nufi/nufid.sock");
    config.sockets.emplace_back(kSystemSocket);
  }
  for (std::string& part : split(text("PATH"), ':')) {
    if (!part.empty()) config.path.push_back(std::move(part));
  }
  config.no_colour = !text("NO_COLOR").empty();
  const std::string forced = text("CLICOLOR_FORCE");
  config.force_colour = !forced.empty() && forced != "0";
  config.dumb_terminal = text("TERM") == "dumb";
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string locale = text(name);
    if (locale.empty()) continue;
    config.utf8 = says_utf8(locale);
    break;
  }
  constexpr long long kFewest = 20;
  constexpr long long kMost = 10'000;
  const auto columns = parse_integer(text("COLUMNS"));
  if (columns && *columns >= kFewest && *columns <= kMost) {
    config.columns = static_cast<int>(*columns);
  }
  config.time_zone = find_time_zone(text("TZ"), "/etc/localtime");
  config.run = text(kRunVariable);
  config.has_wayland = !text("WAYLAND_DISPLAY").empty();
  config.has_x11 = !text("DISPLAY").empty();
  return config;
}

std::string choose_socket(const Config& config) {
  for (const std::string& path : config.sockets) {
    std::error_code ignored;
    if (std::filesystem::exists(path, ignored)) return path;
  }
  return config.sockets.front();
}

}  // namespace nufi::cli
