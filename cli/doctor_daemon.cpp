#include "cli/doctor_daemon.hpp"

#include "cli/daemon_log.hpp"
#include "lib/base/shell.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>
#include <sys/stat.h>

namespace nufi::cli {

using domain::fault;
using domain::HealthCheck;
using domain::healthy;
using domain::skipped;
using domain::warning;

namespace {

constexpr unsigned kGroupAndOthers = 0077;
constexpr unsigned kWrittenByOthers = 0022;

constexpr const char* kSystemConfig = "/etc/nufi/nufid.toml";

LastWords what_was_said(const Output& output) {
  LastWords words = last_words(output.text);
  if (words.message.empty()) {
    words.message = fmt::format("nufid --check-config ended with {}", output.exit_code);
  }
  if (words.hint.empty()) words.hint = "see: nufid --check-config";
  return words;
}

bool is_utc(const std::string& zone) {
  return zone == "UTC" || zone == "Etc/UTC";
}

}  // namespace

SocketFacts look_at_socket(const std::string& path) {
  SocketFacts facts;
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return facts;
  facts.exists = true;
  facts.is_socket = S_ISSOCK(status.st_mode);
  facts.owner = status.st_uid;
  facts.mode = status.st_mode & 07777U;
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if (::stat(folder.c_str(), &status) == 0) facts.folder = status.st_mode & 07777U;
  return facts;
}

HealthCheck judge_socket(const std::string& path, const SocketFacts& facts, unsigned uid) {
  constexpr const char* kName = "daemon.socket";
  if (!facts.exists) return skipped(kName, path + " is not there: nufid makes it");
  if (!facts.is_socket) {
    return fault(
        kName, path + " is no socket", "move it away: mv " + shell_quoted(path) + "{,.old}");
  }
  const std::string shown = fmt::format("{}, mode {:04o}", path, facts.mode);
  if (facts.owner != uid) return healthy(kName, fmt::format("{}, of uid {}", shown, facts.owner));
  const std::string folder = std::filesystem::path(path).parent_path().string();
  if ((facts.folder & kWrittenByOthers) != 0) {
    return fault(kName,
                 fmt::format("others may write to its directory {}", folder),
                 "chmod go-w " + shell_quoted(folder));
  }
  // Whoever may connect to a socket of all users is told apart by nufid.
  const bool is_for_all = path.starts_with("/run/nufi/");
  if (!is_for_all && (facts.mode & kGroupAndOthers) != 0) {
    return fault(kName, shown + ", should be 0600", "chmod 600 " + shell_quoted(path));
  }
  return healthy(kName, shown);
}

HealthCheck judge_version(const std::string& ours, const std::string& theirs) {
  if (ours == theirs) return healthy("daemon.version", ours + ", as nufi");
  return warning("daemon.version",
                 fmt::format("nufi is {} but nufid is {}", ours, theirs),
                 "start the new one with: nufi restart");
}

HealthCheck judge_config(const ConfigTrial& trial, bool is_running) {
  constexpr const char* kName = "daemon.config";
  if (!trial.alone) {
    if (is_running) return skipped(kName, "there is no nufid beside nufi or in PATH to read it");
    return fault(kName, "there is no nufid beside nufi or in PATH", "install it");
  }
  const bool is_fine = trial.alone->exit_code == 0;
  if (!trial.with_flags) {
    if (is_fine) return healthy(kName, "nufid takes its config file");
    const LastWords said = what_was_said(*trial.alone);
    return fault(kName, said.message, said.hint);
  }
  // `nufi restart` starts it with the flags it has, which may go with the file, or against it.
  const bool goes_with_flags = trial.with_flags->exit_code == 0;
  if (is_fine && goes_with_flags) return healthy(kName, "nufid takes its config file");
  const LastWords said = what_was_said(goes_with_flags ? *trial.alone : *trial.with_flags);
  if (goes_with_flags) {
    return warning(
        kName, "without the flags it has now nufid would not start: " + said.message, said.hint);
  }
  if (is_fine) {
    return warning(
        kName, "with the flags it has now nufid would not start again: " + said.message, said.hint);
  }
  return fault(kName, said.message, said.hint);
}

std::string config_file_of(const Config& config, const Words& flags) {
  constexpr std::string_view kFlag = "--config";
  std::string chosen;
  for (std::size_t i = 0; i < flags.size(); ++i) {
    if (flags[i] == kFlag && i + 1 < flags.size()) chosen = flags[i + 1];
    if (flags[i].starts_with(std::string(kFlag) + '=')) chosen = flags[i].substr(kFlag.size() + 1);
  }
  if (!chosen.empty()) return chosen;
  const bool is_system = std::find(flags.begin(), flags.end(), "--system") != flags.end();
  return is_system ? kSystemConfig : config.config_file;
}

FileFacts look_at_file(const std::string& path) {
  FileFacts facts;
  struct stat status {};
  facts.exists = ::stat(path.c_str(), &status) == 0;
  facts.owner = status.st_uid;
  facts.mode = status.st_mode & 07777U;
  return facts;
}

std::optional<HealthCheck> judge_config_file(const std::string& path,
                                             const FileFacts& facts,
                                             unsigned uid) {
  constexpr const char* kName = "daemon.config_file";
  if (!facts.exists) return std::nullopt;
  const bool is_for_all = path == kSystemConfig;
  const unsigned most = is_for_all ? 0640 : 0600;
  const std::string shown = fmt::format("{}, mode {:04o}", path, facts.mode);
  const std::string remedy = fmt::format("chmod {:o} {}", most, shell_quoted(path));
  if (facts.owner != 0 && facts.owner != uid) {
    return fault(
        kName,
        fmt::format("{} belongs to uid {}, who can change what nufid does", path, facts.owner),
        fmt::format("chown {} {}", uid, shell_quoted(path)));
  }
  if ((facts.mode & kWrittenByOthers) != 0) {
    return fault(kName, shown + ": others can change what nufid does", remedy);
  }
  if ((facts.mode & ~most & kGroupAndOthers) != 0) {
    return warning(kName, fmt::format("{}, should be {:04o}", shown, most), remedy);
  }
  return healthy(kName, shown);
}

HealthCheck judge_time_zone(const std::string& daemons, const std::string& users) {
  constexpr const char* kName = "machine.time_zone";
  const bool is_same = users == daemons || (is_utc(users) && is_utc(daemons));
  if (users.empty() || is_same) return healthy(kName, "days and months begin in " + daemons);
  return warning(
      kName,
      fmt::format("budgets count days of {}, and yours are of {}", daemons, users),
      fmt::format("nufi config set timezone {}, then: nufi restart", shell_quoted(users)));
}

}  // namespace nufi::cli
