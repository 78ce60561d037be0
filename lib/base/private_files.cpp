#include "lib/base/private_files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sys/stat.h>

namespace nufi {

namespace {

namespace fs = std::filesystem;

/// Enough to see that something is wrong.
constexpr std::size_t kMost = 20;

std::string octal(unsigned mode) {
  char text[8];
  std::snprintf(text, sizeof text, "0%03o", mode & 07777U);
  return text;
}

/// "" if `path` is as it should be, or gone meanwhile.
std::string problem_of(const fs::path& path, unsigned uid) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? "" : std::string("can't be looked at: ") + std::strerror(errno);
  }
  if (S_ISSOCK(status.st_mode)) return "";
  if (status.st_uid != uid) {
    return "belongs to uid " + std::to_string(status.st_uid) + ", not " + std::to_string(uid);
  }
  const unsigned most = S_ISDIR(status.st_mode) ? 0700 : 0600;
  if (S_ISLNK(status.st_mode) || (status.st_mode & 0077U) == 0) return "";
  return "mode " + octal(status.st_mode) + ", should be " + octal(most);
}

}  // namespace

std::vector<ExposedFile> find_exposed(const fs::path& directory, unsigned uid) {
  std::vector<ExposedFile> found;
  const auto look = [&](const fs::path& path) {
    if (found.size() >= kMost) return;
    std::string problem = problem_of(path, uid);
    if (!problem.empty()) found.push_back({path, std::move(problem)});
  };
  std::error_code failure;
  if (!fs::exists(directory, failure)) return found;
  look(directory);
  fs::recursive_directory_iterator entry(
      directory, fs::directory_options::skip_permission_denied, failure);
  while (!failure && entry != fs::recursive_directory_iterator()) {
    look(entry->path());
    entry.increment(failure);
  }
  return found;
}

}  // namespace nufi
