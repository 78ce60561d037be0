#include "daemon/listen.hpp"

#include "lib/base/error.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace nufi::daemon {

namespace {

constexpr int kBacklog = 128;

Error cannot(const std::string& what, int code) {
  return {Errc::unavailable, fmt::format("can't listen on {}: {}", what, std::strerror(code))};
}

sockaddr_un unix_address(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) {
    throw Error(Errc::unavailable,
                fmt::format("the socket path {} is too long", text),
                fmt::format("give a --socket of at most {} bytes", sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, text.data(), text.size());
  return address;
}

/// Removes the file of a socket whose owner is gone.
void make_room(const std::filesystem::path& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) {
    throw Error(Errc::conflict, path.string() + " is there and not a socket");
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const bool is_live =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
      errno == EAGAIN;
  ::close(fd);
  if (is_live) {
    throw Error(Errc::conflict,
                "another nufid answers on " + path.string(),
                "stop it with nufi down, or give this one its own --socket");
  }
  ::unlink(path.c_str());
}

}  // namespace

Listener Listener::unix_socket(const std::filesystem::path& path, Passage passage) {
  const sockaddr_un address = unix_address(path);
  make_room(path, address);
  Listener listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.fd_ < 0) throw cannot(path.string(), errno);
  if (::bind(listener.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    throw cannot(path.string(), errno);
  }
  listener.file_ = path;
  struct stat status {};
  // Nobody can connect between bind and chmod: it does not listen yet.
  const mode_t mode = passage == Passage::everyone ? 0666 : 0600;
  if (::chmod(path.c_str(), mode) != 0 || ::lstat(path.c_str(), &status) != 0 ||
      ::listen(listener.fd_, kBacklog) != 0) {
    throw cannot(path.string(), errno);
  }
  listener.inode_ = status.st_ino;
  return listener;
}

Listener Listener::tcp(const Address& address) {
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const bool is_v4 = ::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1;
  if (!is_v4 && ::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) {
    throw cannot(address.text(), EINVAL);
  }
  v4.sin_family = AF_INET;
  v4.sin_port = htons(address.port);
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  Listener listener(::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (listener.fd_ < 0) throw cannot(address.text(), errno);
  const int on = 1;
  ::setsockopt(listener.fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto* name =
      is_v4 ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  const auto length = static_cast<socklen_t>(is_v4 ? sizeof v4 : sizeof v6);
  if (::bind(listener.fd_, name, length) != 0 || ::listen(listener.fd_, kBacklog) != 0) {
    if (errno == EADDRINUSE) {
      throw Error(Errc::conflict,
                  address.text() + " is taken by another program",
                  "stop it, or give another --console-listen HOST:PORT (or off)");
    }
    throw cannot(address.text(), errno);
  }
  return listener;
}

Listener Listener::inherited(int fd) {
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  return Listener(fd);
}

Listener::Listener(Listener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      file_(std::exchange(other.file_, {})),
      inode_(other.inode_) {}

Listener::~Listener() {
  if (fd_ < 0) return;
  struct stat status {};
  if (!file_.empty() && ::lstat(file_.c_str(), &status) == 0 && status.st_ino == inode_) {
    ::unlink(file_.c_str());
  }
  ::close(fd_);
}

std::uint16_t Listener::port() const {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &length) != 0) return 0;
  if (name.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&name)->sin_port);
  }
  if (name.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&name)->sin6_port);
  }
  return 0;
}

}  // namespace nufi::daemon
