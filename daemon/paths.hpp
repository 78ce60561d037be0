#pragma once

#include "daemon/config.hpp"

#include <filesystem>
#include <string_view>

namespace nufi::daemon {

/// Where things are when nobody says otherwise (PRODUCT §2).
struct Paths {
  std::filesystem::path data_dir;
  std::filesystem::path config_file;
  std::filesystem::path socket;
};

/// The XDG rules for a user; without a home directory, system_paths().
Paths default_paths(const Environment& environment);
/// The places of the daemon that serves the whole system.
Paths system_paths();

/// Who may pass through a directory that is made.
enum class Passage { own, everyone };

/// Makes `directory` (mode 0700, or 0755 for everyone) with its parents, or checks the one that is
/// there: it must belong to this user and nobody else may write to it. Throws Error{unavailable}
/// calling it `what`, with a hint.
void prepare_directory(const std::filesystem::path& directory,
                       std::string_view what,
                       Passage passage = Passage::own);

/// Takes what others may do with `path` away. Throws Error{unavailable} if that can't be done.
void make_private(const std::filesystem::path& path);

}  // namespace nufi::daemon
