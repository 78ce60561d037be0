#pragma once

#include "daemon/config.hpp"
#include "daemon/paths.hpp"

#include <cstdint>
#include <filesystem>

namespace nufi::daemon {

/// A listening socket, closed when it dies (unless released); the file of a Unix socket goes too,
/// if it is still ours.
class Listener {
 public:
  /// Listens on a Unix socket that its owner may connect to, or everyone (mode 0600, 0666). A
  /// socket file that nobody answers on any more is replaced. Throws Error{conflict} if a live one
  /// is there, Error{unavailable} if it can't be made.
  static Listener unix_socket(const std::filesystem::path& path, Passage passage = Passage::own);
  /// Throws Error{conflict} if the port is taken, Error{unavailable} if it can't be bound.
  static Listener tcp(const Address& address);
  /// One that systemd made; its file is not ours to remove.
  static Listener inherited(int fd);

  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  [[nodiscard]] int fd() const { return fd_; }
  /// The port it got; 0 for a Unix socket.
  [[nodiscard]] std::uint16_t port() const;

 private:
  explicit Listener(int fd) : fd_(fd) {}

  int fd_ = -1;
  std::filesystem::path file_;  ///< "" = none to remove
  std::uint64_t inode_ = 0;
};

}  // namespace nufi::daemon
