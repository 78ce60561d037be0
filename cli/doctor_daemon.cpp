#include "cli/doctor_daemon.hpp"

#include "lib/base/shell.hpp"

#include <fmt/format.h>

#include <filesystem>
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

HealthCheck judge_config(std::optional<int> exit_code, bool is_running) {
  constexpr const char* kName = "daemon.config";
  if (!exit_code) {
    if (is_running) return skipped(kName, "there is no nufid beside nufi or in PATH to read it");
    return fault(kName, "there is no nufid beside nufi or in PATH", "install it");
  }
  if (*exit_code == 0) return healthy(kName, "nufid takes its config file");
  const std::string remedy = "see what is wrong with: nufid --check-config";
  // The one that runs may have flags that go with the file.
  if (is_running)
    return warning(kName, "nufid without flags would not start again with it", remedy);
  return fault(kName, "nufid does not take its config file", remedy);
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
