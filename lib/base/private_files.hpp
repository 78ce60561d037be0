#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nufi {

/// A file or directory that others can get at.
struct ExposedFile {
  std::filesystem::path path;
  std::string problem;  ///< "mode 0644, should be 0600", "belongs to uid 0", "can't be read: …"
};

/// What of `directory`, itself and all below it, is not its user's alone: directories must be 0700
/// or less and files 0600 or less (sockets are left alone), all owned by `uid`. The first few;
/// symbolic links are not followed. Empty if `directory` is not there. Blocks on the disk.
std::vector<ExposedFile> find_exposed(const std::filesystem::path& directory, unsigned uid);

}  // namespace nufi
