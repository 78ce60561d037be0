#include "daemon/paths.hpp"

#include "lib/base/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace nufi::daemon {

namespace {

namespace fs = std::filesystem;

/// The directory a variable names; XDG says that one that is not absolute counts as not set.
fs::path variable(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  if (found == environment.end()) return {};
  const fs::path path = found->second;
  return path.is_absolute() ? path : fs::path();
}

fs::path first_of(const fs::path& wanted, const fs::path& otherwise) {
  return wanted.empty() ? otherwise : wanted;
}

}  // namespace

Paths default_paths(const Environment& environment) {
  const fs::path home = variable(environment, "HOME");
  const fs::path data = variable(environment, "XDG_DATA_HOME");
  if (home.empty() && data.empty()) return system_paths();
  const fs::path config = first_of(variable(environment, "XDG_CONFIG_HOME"), home / ".config");
  const fs::path state = first_of(variable(environment, "XDG_STATE_HOME"), home / ".local/state");
  const fs::path runtime = first_of(variable(environment, "XDG_RUNTIME_DIR"), state);
  return {.data_dir = first_of(data, home / ".local/share") / "nufi",
          .config_file = config / "nufi/nufid.toml",
          .socket = runtime / "nufi/nufid.sock"};
}

Paths system_paths() {
  return {.data_dir = "/var/lib/nufi",
          .config_file = "/etc/nufi/nufid.toml",
          .socket = "/run/nufi/nufid.sock"};
}

void prepare_directory(const fs::path& directory, std::string_view what, Passage passage) {
  std::error_code failure;
  const bool is_new = fs::create_directories(directory, failure);
  // One that was there already stays as its owner wants it.
  if (is_new && passage == Passage::everyone) ::chmod(directory.c_str(), 0755);
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    const std::string why = failure ? failure.message() : std::strerror(errno);
    throw Error(Errc::unavailable,
                fmt::format("{} {} can't be made: {}", what, directory.string(), why),
                "is its parent directory writable?");
  }
  if (!S_ISDIR(status.st_mode)) {
    throw Error(Errc::unavailable,
                fmt::format("{} {} is not a directory", what, directory.string()));
  }
  if (status.st_uid != ::geteuid()) {
    throw Error(Errc::unavailable,
                fmt::format("{} {} belongs to another user", what, directory.string()),
                "run nufid as that user, or name another directory");
  }
  if ((status.st_mode & 022) != 0) {
    throw Error(Errc::unavailable,
                fmt::format("{} {} can be written by others", what, directory.string()),
                "chmod go-w " + directory.string());
  }
}

void make_private(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 077) == 0) return;
  if (::chmod(path.c_str(), status.st_mode & 0700) != 0) {
    throw Error(Errc::unavailable,
                fmt::format("{} can't be made private: {}", path.string(), std::strerror(errno)));
  }
}

}  // namespace nufi::daemon
