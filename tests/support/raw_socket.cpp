#include "tests/support/raw_socket.hpp"

#include <arpa/inet.h>
#include <cstdlib>
#include <netinet/in.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace nufi::test {
namespace {

constexpr int kPatienceMs = 10'000;

bool wait_for(int socket, short events, int ms) {
  pollfd poll_entry{socket, events, 0};
  return ::poll(&poll_entry, 1, ms) == 1;
}

/// The value of a field in a head, "" if it is not there.
std::string field(const std::string& head, const std::string& name) {
  const auto at = head.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const auto from = at + name.size() + 4;
  return head.substr(from, head.find("\r\n", from) - from);
}

}  // namespace

RawSocket RawSocket::to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::runtime_error("can't connect");
  }
  return RawSocket(socket);
}

RawSocket::RawSocket(RawSocket&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), buffer_(std::move(other.buffer_)) {}

RawSocket::~RawSocket() {
  close();
}

bool RawSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!wait_for(socket_, POLLOUT, kPatienceMs)) return false;
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawSocket::try_send(std::string_view bytes) {
  return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0;
}

bool RawSocket::fill() {
  if (!wait_for(socket_, POLLIN, kPatienceMs))
    throw std::runtime_error("waited too long for bytes");
  char bytes[16'384];
  const auto size = ::recv(socket_, bytes, sizeof(bytes), 0);
  if (size <= 0) return false;
  buffer_.append(bytes, static_cast<std::size_t>(size));
  return true;
}

bool RawSocket::need(std::size_t size) {
  while (buffer_.size() < size) {
    if (!fill()) return false;
  }
  return true;
}

std::optional<RawReply> RawSocket::reply(bool to_eof, bool bodyless) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  RawReply reply;
  reply.head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  reply.status = std::atoi(reply.head.c_str() + 9);
  if (reply.status < 200 || bodyless) return reply;
  if (field(reply.head, "Transfer-Encoding") == "chunked") {
    while (true) {
      std::size_t line = 0;
      while ((line = buffer_.find("\r\n")) == std::string::npos) {
        if (!fill()) return std::nullopt;
      }
      const auto size = std::strtoul(buffer_.c_str(), nullptr, 16);
      if (!need(line + 2 + size + 2)) return std::nullopt;
      reply.body += buffer_.substr(line + 2, size);
      buffer_.erase(0, line + 2 + size + 2);
      if (size == 0) return reply;
    }
  }
  if (to_eof) {
    while (fill()) continue;
    reply.body = std::exchange(buffer_, {});
    return reply;
  }
  const auto size = std::strtoul(field(reply.head, "Content-Length").c_str(), nullptr, 10);
  if (!need(size)) return std::nullopt;
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return reply;
}

std::string RawSocket::request() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  const auto size = end + 4 + std::strtoul(field(buffer_, "Content-Length").c_str(), nullptr, 10);
  if (!need(size)) return {};
  const auto request = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return request;
}

bool RawSocket::ends() {
  return buffer_.empty() && !fill();
}

bool RawSocket::is_readable() const {
  return !buffer_.empty() || wait_for(socket_, POLLIN, 0);
}

void RawSocket::close() {
  if (socket_ >= 0) ::close(std::exchange(socket_, -1));
}

void RawSocket::reset() {
  const linger now{1, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close();
}

}  // namespace nufi::test
