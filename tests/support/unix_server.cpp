#include "tests/support/unix_server.hpp"

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace nufi::test {

namespace {

/// Reads one request: the head, and as much body as Content-Length says.
std::string read_request(int connection) {
  std::string text;
  char buffer[4096];
  while (true) {
    const auto head_end = text.find("\r\n\r\n");
    if (head_end != std::string::npos) {
      const auto length = text.find("Content-Length: ");
      const std::size_t body =
          length < head_end ? std::strtoul(text.c_str() + length + 16, nullptr, 10) : 0;
      if (text.size() >= head_end + 4 + body) return text;
    }
    const ssize_t got = ::read(connection, buffer, sizeof buffer);
    if (got <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

}  // namespace

UnixServer::UnixServer(Answer answer) : answer_(std::move(answer)) {
  char directory[] = "/tmp/nufi-test-XXXXXX";
  if (::mkdtemp(directory) == nullptr) throw std::runtime_error("mkdtemp failed");
  directory_ = directory;
  path_ = directory_ + "/nufid.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 16) != 0) {
    throw std::runtime_error("bind failed");
  }
  thread_ = std::jthread([this] { serve(); });
}

UnixServer::~UnixServer() {
  ::shutdown(listener_, SHUT_RDWR);  // wakes accept()
  thread_.join();
  ::close(listener_);
  ::unlink(path_.c_str());
  ::rmdir(directory_.c_str());
}

void UnixServer::serve() {
  while (true) {
    const int connection = ::accept(listener_, nullptr, nullptr);
    if (connection < 0) return;
    const std::string request = read_request(connection);
    const std::string reply = answer_(request);
    for (std::size_t sent = 0; sent < reply.size();) {
      const ssize_t n = ::send(connection, reply.data() + sent, reply.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) break;
      sent += static_cast<std::size_t>(n);
    }
    ::close(connection);
  }
}

std::string json_reply(int status, const std::string& body, const std::string& headers) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n" + headers + "\r\n" + body;
}

}  // namespace nufi::test
