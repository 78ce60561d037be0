#include "cli/new_file.hpp"

#include "lib/base/error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nufi::cli {

namespace {

[[noreturn]] void fail(const std::filesystem::path& path) {
  throw Error(Errc::unavailable,
              fmt::format("{} can't be written: {}", path.string(), std::strerror(errno)));
}

}  // namespace

NewFile::NewFile(std::filesystem::path path)
    : path_(std::move(path)), draft_(path_.string() + ".part") {
  file_ = ::open(draft_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0 || ::fchmod(file_, 0600) != 0) fail(draft_);
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
    if (written < 0) fail(draft_);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void NewFile::finish() {
  if (::fsync(file_) != 0 || ::rename(draft_.c_str(), path_.c_str()) != 0) fail(path_);
  ::close(file_);
  file_ = -1;
}

}  // namespace nufi::cli
