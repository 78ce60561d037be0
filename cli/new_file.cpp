#include "cli/new_file.hpp"

#include "lib/base/error.hpp"
#include "lib/base/regular_file.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nufi::cli {

namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path) {
  throw Error(Errc::unavailable,
              fmt::format("{} can't be written: {}", path.string(), std::strerror(errno)));
}

[[noreturn]] void refuse(const fs::path& path, const std::string& why) {
  throw Error(Errc::usage, fmt::format("{} {}", path.string(), why), "name another file");
}

bool is_same(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// Directories by what they are, not by their names: a link or a mount gives one another name.
bool lies_in(const fs::path& path, const std::string& directory) {
  struct stat wanted {};
  if (directory.empty() || ::stat(directory.c_str(), &wanted) != 0) return false;
  std::error_code failure;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  fs::path each = fs::canonical(folder, failure);
  while (!failure) {
    struct stat facts {};
    if (::stat(each.c_str(), &facts) == 0 && is_same(facts, wanted)) return true;
    if (each == each.root_path()) return false;
    each = each.parent_path();
  }
  return false;
}

/// True if `facts` are those of a file right in `directory`, whatever it is called there.
bool is_file_of(const struct stat& facts, const std::string& directory) {
  std::error_code failure;
  fs::directory_iterator entry(directory, failure);
  while (!failure && entry != fs::directory_iterator()) {
    struct stat other {};
    if (::lstat(entry->path().c_str(), &other) == 0 && is_same(facts, other)) return true;
    entry.increment(failure);
  }
  return false;
}

/// SQLite keeps these beside a database that somebody has open, and would take them for the new
/// one's.
bool has_open_database(const fs::path& path) {
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    struct stat facts {};
    if (::lstat((path.string() + suffix).c_str(), &facts) == 0) return true;
  }
  return false;
}

}  // namespace

void check_new_file(const fs::path& path, const std::string& data_dir) {
  if (lies_in(path, data_dir)) {
    refuse(path, fmt::format("is in {}, where nufid keeps its own files", data_dir));
  }
  if (has_open_database(path)) refuse(path, "is a database that is open, or was not closed");
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) return;
  const auto kind = kind_of_no_file(facts.st_mode);
  if (!kind.empty()) refuse(path, fmt::format("is {}, not a file", kind));
  if (is_file_of(facts, data_dir)) refuse(path, "is a file of nufid's own");
}

/// mkostemps() puts so many letters of its own into a name.
constexpr std::size_t kRandom = 6;

NewFile::NewFile(fs::path path, const std::string& data_dir) : path_(std::move(path)) {
  check_new_file(path_, data_dir);
  // A name of its own: nobody's file is in its way.
  std::string draft = path_.string() + "." + std::string(kRandom, 'X') + ".part";
  file_ = ::mkostemps(draft.data(), /*suffixlen=*/5, O_CLOEXEC);
  draft_ = draft;
  if (file_ < 0 || ::fchmod(file_, 0600) != 0) fail(path_);
}

NewFile::~NewFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(draft_.c_str());
}

void NewFile::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void NewFile::finish() {
  if (::fsync(file_) != 0 || ::rename(draft_.c_str(), path_.c_str()) != 0) fail(path_);
  ::close(file_);
  file_ = -1;
}

}  // namespace nufi::cli
