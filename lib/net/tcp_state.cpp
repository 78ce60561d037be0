#include "lib/net/tcp_state.hpp"

#include <array>
#include <cerrno>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string_view>
#include <sys/socket.h>

namespace nufi::net {

std::int64_t bytes_acknowledged(int socket) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return -1;
  return static_cast<std::int64_t>(info.tcpi_bytes_acked);
}

bool is_interim_reply(int socket) {
  constexpr std::string_view kInterim = "HTTP/1.1 1";
  std::array<char, kInterim.size()> bytes{};
  const auto size = ::recv(socket, bytes.data(), bytes.size(), MSG_PEEK | MSG_DONTWAIT);
  return size == static_cast<ssize_t>(bytes.size()) &&
         std::string_view(bytes.data(), bytes.size()) == kInterim;
}

bool is_quiet(int socket) {
  char byte = 0;
  const auto size = ::recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

}  // namespace nufi::net
