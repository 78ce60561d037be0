#include "daemon/inherited.hpp"

#include "lib/base/error.hpp"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <cstring>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <sys/un.h>

namespace nufi::daemon {

namespace {

constexpr const char* kOrder =
    "they are taken by FileDescriptorName= (inference, console, control), "
    "else in this order: inference, console, control";

/// Where `fd` listens; its family is 0 if it does not.
sockaddr_storage name_of(int fd) {
  sockaddr_storage name{};
  socklen_t length = sizeof name;
  int listens = 0;
  socklen_t size = sizeof listens;
  if (::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || listens == 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &length) != 0) {
    return {};
  }
  return name;
}

Error wrong_kind(std::string_view door, std::string_view wanted) {
  return {Errc::usage,
          fmt::format("the socket that systemd handed over as {} is not {}", door, wanted),
          kOrder};
}

Address tcp_address(int fd, std::string_view door) {
  const sockaddr_storage name = name_of(fd);
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (name.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(name);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4.sin_port)};
  }
  if (name.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(name);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(v6.sin6_port)};
  }
  throw wrong_kind(door, "a listening TCP socket");
}

Address allowed_address(int fd, bool is_remote_allowed, std::string_view door) {
  Address address = tcp_address(fd, door);
  if (address.is_loopback() || is_remote_allowed) return address;
  throw Error(Errc::usage,
              fmt::format("the {} socket {} that systemd handed over can be reached from other "
                          "machines",
                          door,
                          address.text()),
              fmt::format("if that is meant, say --allow-remote {}", door));
}

std::string unix_path(int fd) {
  const sockaddr_storage name = name_of(fd);
  const auto& address = reinterpret_cast<const sockaddr_un&>(name);
  if (name.ss_family != AF_UNIX || address.sun_path[0] == '\0') {
    throw wrong_kind("control", "a listening Unix socket with a path");
  }
  return {address.sun_path, ::strnlen(address.sun_path, sizeof address.sun_path)};
}

}  // namespace

void adopt_sockets(Config& config) {
  const InheritedSockets& given = config.inherited;
  if (given.inference >= 0) {
    config.listen = allowed_address(given.inference, config.allow_remote_inference, "inference");
  }
  if (given.console >= 0) {
    config.console = allowed_address(given.console, config.allow_remote_console, "console");
  }
  if (given.control >= 0) config.socket = unix_path(given.control);
}

}  // namespace nufi::daemon
