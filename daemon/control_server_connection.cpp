#include "daemon/control_server_connection.hpp"

#include "lib/base/text.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

namespace nufi::daemon {

namespace {

using std::chrono::milliseconds;

constexpr std::string_view kTooLargeHead =
    "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/json\r\n"
    "Connection: close\r\nContent-Length: 91\r\n\r\n"
    R"({"error":{"message":"the head of the request is too large","hint":null,"code":"invalid"}})"
    "\r\n";

}  // namespace

std::string user_of(int socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  sockaddr name{};
  socklen_t name_length = sizeof name;
  if (::getsockname(socket, &name, &name_length) == 0 && name.sa_family == AF_UNIX &&
      ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0) {
    return std::to_string(peer.uid);
  }
  return "";
}

ControlConnection::ControlConnection(int socket) : socket_(socket), peer_(user_of(socket)) {}

ControlConnection::~ControlConnection() {
  ::shutdown(socket_, SHUT_RDWR);
  ::close(socket_);
}

bool ControlConnection::wait_for_request(int stop) {
  if (is_over_ || body_left_ > 0) return false;
  if (begin_ == end_) {
    std::array<pollfd, 2> wanted = {{{.fd = socket_, .events = POLLIN, .revents = 0},
                                     {.fd = stop, .events = POLLIN, .revents = 0}}};
    int ready = 0;
    do {
      ready = ::poll(wanted.data(), wanted.size(), static_cast<int>(kIdle.count()));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0 || wanted[1].revents != 0) return false;
  }
  since_ = clock_.steady();
  in_head_ = true;
  head_size_ = 0;
  fields_ = 0;
  line_.clear();
  body_left_ = 0;
  body_read_ = 0;
  return true;
}

bool ControlConnection::is_readable() const {
  return begin_ < end_ || wait_until(POLLIN, milliseconds(0));
}

bool ControlConnection::is_writable() const {
  return wait_until(POLLOUT, kPatience);
}

ssize_t ControlConnection::read(char* to, size_t size) {
  if (is_over_) return -1;
  if (!in_head_ && body_left_ == 0) return 0;
  if (begin_ == end_ && !fill()) {
    is_over_ = true;
    return -1;
  }
  std::size_t count = std::min(size, end_ - begin_);
  if (in_head_) {
    // httplib asks for single bytes until it has seen the end of the head.
    count = std::min<std::size_t>(count, 1);
    if (!take_head(buffer_[begin_])) {
      (void)write(kTooLargeHead.data(), kTooLargeHead.size());
      is_over_ = true;
      return -1;
    }
  } else {
    count = std::min(count, body_left_);
    body_left_ -= count;
    body_read_ += count;
  }
  std::memcpy(to, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t ControlConnection::write(const char* from, size_t size) {
  if (!is_writable()) return -1;
  return ::send(socket_, from, size, MSG_NOSIGNAL);
}

void ControlConnection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = peer_;
  port = 0;
}

void ControlConnection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

bool ControlConnection::wait_until(short events, milliseconds limit) const {
  pollfd wanted{.fd = socket_, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&wanted, 1, static_cast<int>(limit.count()));
  } while (ready < 0 && errno == EINTR);
  return ready > 0;
}

milliseconds ControlConnection::time_left() const {
  const auto allowed = in_head_ ? milliseconds(kHeadTime)
                                : kPatience + milliseconds(body_read_ * 1000 / kLeastSpeed);
  const auto taken = std::chrono::duration_cast<milliseconds>(clock_.steady() - since_);
  return std::max(allowed - taken, milliseconds(0));
}

bool ControlConnection::fill() {
  if (!wait_until(POLLIN, time_left())) return false;
  const ssize_t count = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
  if (count <= 0) return false;
  begin_ = 0;
  end_ = static_cast<std::size_t>(count);
  return true;
}

/// False when the head is too large.
bool ControlConnection::take_head(char byte) {
  if (++head_size_ > kMostHead) return false;
  if (byte != '\n') {
    line_ += byte;
    return true;
  }
  end_line();
  return fields_ <= kMostFields + 1;  // the request line is none
}

void ControlConnection::end_line() {
  if (line_.ends_with('\r')) line_.pop_back();
  if (line_.empty()) {
    in_head_ = false;
    since_ = clock_.steady();
  } else {
    constexpr std::string_view kLength = "content-length:";
    const std::string_view line = line_;
    if (to_lower(line.substr(0, kLength.size())) == kLength) {
      const auto length = parse_integer(trim(line.substr(kLength.size())));
      body_left_ = length && *length > 0 ? static_cast<std::size_t>(*length) : 0;
    }
    ++fields_;
  }
  line_.clear();
}

}  // namespace nufi::daemon
