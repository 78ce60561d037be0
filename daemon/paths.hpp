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

/// The XDG rules for a user; without a home directory, the places of a system daemon.
Paths default_paths(const Environment& environment);

/// Makes `directory` (mode 0700) with its parents, or checks the one that is there: it must belong
/// to this user and nobody else may write to it. Throws Error{unavailable} calling it `what`, with
/// a hint.
void prepare_directory(const std::filesystem::path& directory, std::string_view what);

/// Takes what others may do with `path` away. Throws Error{unavailable} if that can't be done.
void make_private(const std::filesystem::path& path);

}  // namespace nufi::daemon
