#include "lib/base/regular_file.hpp"

#include "lib/base/error.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nufi {

namespace {

namespace fs = std::filesystem;

Error no_file(const fs::path& path, std::string_view what) {
  return {Errc::invalid, fmt::format("{} is {}, not a file", path.string(), what)};
}

Error unreadable(const fs::path& path) {
  return {Errc::invalid, fmt::format("can't read {}: {}", path.string(), std::strerror(errno))};
}

/// Throws unless `mode` is a file's, or a pipe's where those are taken.
void require_kind(const fs::path& path, unsigned mode, Pipes pipes) {
  const auto kind = kind_of_no_file(mode);
  const bool is_taken = kind.empty() || (pipes == Pipes::read && S_ISFIFO(mode));
  if (!is_taken) throw no_file(path, kind);
}

int open_checked(const fs::path& path, int flags, Pipes pipes) {
  struct stat facts {};
  const bool follows = (flags & O_NOFOLLOW) == 0;
  const bool is_there =
      (follows ? ::stat(path.c_str(), &facts) : ::lstat(path.c_str(), &facts)) == 0;
  if (is_there) require_kind(path, facts.st_mode, pipes);
  const int file = ::open(path.c_str(), flags | O_NONBLOCK | O_CLOEXEC, 0600);
  if (file < 0) return file;
  // Another one may have taken its place.
  try {
    if (::fstat(file, &facts) != 0) throw unreadable(path);
    require_kind(path, facts.st_mode, pipes);
  } catch (const Error&) {
    ::close(file);
    throw;
  }
  return file;
}

/// The next bytes of `file`, waiting for them if it is a pipe; 0 = its end.
ssize_t read_some(int file, char* bytes, std::size_t most) {
  while (true) {
    const ssize_t count = ::read(file, bytes, most);
    if (count >= 0 || (errno != EAGAIN && errno != EINTR)) return count;
    pollfd next{file, POLLIN, 0};
    if (errno == EAGAIN) ::poll(&next, 1, /*timeout=*/-1);
  }
}

std::string read_all(int file, const fs::path& path, std::size_t most) {
  std::string text;
  std::array<char, 65536> piece{};
  while (const ssize_t count = read_some(file, piece.data(), piece.size())) {
    if (count < 0) throw unreadable(path);
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (text.size() > most) {
      throw Error(Errc::invalid, fmt::format("{} has more than {} bytes", path.string(), most));
    }
  }
  return text;
}

}  // namespace

std::string_view kind_of_no_file(unsigned mode) {
  if (S_ISREG(mode)) return "";
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a pipe";
  if (S_ISSOCK(mode)) return "a socket";
  if (S_ISLNK(mode)) return "a symbolic link";
  return "a device";
}

int open_regular(const fs::path& path, int flags) {
  return open_checked(path, flags, Pipes::refused);
}

bool can_read_file(const fs::path& path) {
  try {
    const int file = open_regular(path, O_RDONLY);
    if (file >= 0) ::close(file);
    return file >= 0;
  } catch (const Error&) {
    return false;
  }
}

std::optional<std::string> read_file(const fs::path& path, std::size_t most, Pipes pipes) {
  const int file = open_checked(path, O_RDONLY, pipes);
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (file < 0) throw unreadable(path);
  try {
    std::string text = read_all(file, path, most);
    ::close(file);
    return text;
  } catch (...) {
    ::close(file);
    throw;
  }
}

}  // namespace nufi
