#include "cli/doctor_ports.hpp"

#include "lib/base/clock.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace nufi::cli {

using domain::fault;
using domain::HealthCheck;
using domain::healthy;
using domain::warning;

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience{2};

/// A socket that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

/// Waits for `events` until `deadline`.
bool wait_for(int fd, short events, SteadyTime deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - SystemClock().steady());
  pollfd wait{fd, events, 0};
  return left.count() > 0 && ::poll(&wait, 1, static_cast<int>(left.count())) == 1;
}

bool connect_to(int fd, const addrinfo& where, SteadyTime deadline) {
  if (::connect(fd, where.ai_addr, where.ai_addrlen) == 0) return true;
  if (errno != EINPROGRESS || !wait_for(fd, POLLOUT, deadline)) return false;
  int problem = 0;
  socklen_t size = sizeof problem;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &size) == 0 && problem == 0;
}

/// What comes back until the head is whole, the other side ends or time is over.
std::string ask_health(int fd, SteadyTime deadline) {
  constexpr std::string_view kRequest =
      "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  constexpr std::size_t kMostHead = 16'384;
  if (::send(fd, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return {};
  std::string reply;
  std::array<char, 4096> piece{};
  while (reply.size() < kMostHead && reply.find("\r\n\r\n") == std::string::npos &&
         wait_for(fd, POLLIN, deadline)) {
    const ssize_t count = ::recv(fd, piece.data(), piece.size(), 0);
    if (count <= 0) break;
    reply.append(piece.data(), static_cast<std::size_t>(count));
  }
  return reply;
}

std::string text_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Does the process behind `folder` (/proc/4711) hold the socket?
bool holds(const fs::path& folder, const std::string& socket) {
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(folder / "fd", failure)) {
    std::error_code unreadable;
    if (fs::read_symlink(entry.path(), unreadable) == socket) return true;
  }
  return false;
}

}  // namespace

std::optional<Place> parse_place(std::string_view url) {
  if (const auto scheme = url.find("://"); scheme != std::string_view::npos) {
    url.remove_prefix(scheme + 3);
  }
  url = url.substr(0, url.find('/'));
  const auto colon = url.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_integer(url.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  std::string_view host = url.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return std::nullopt;
  return Place{std::string(host), static_cast<std::uint16_t>(*port)};
}

bool is_of_nufid(std::string_view head) {
  const std::string lower = to_lower(head);
  return lower.find("\r\nx-nufi-") != std::string::npos ||
         lower.find("\r\nx-request-id: req_") != std::string::npos;
}

Answer ask_place(const Place& place) {
  const SteadyTime deadline = SystemClock().steady() + kPatience;
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(place.host.c_str(), std::to_string(place.port).c_str(), &hints, &found) != 0) {
    return Answer::nobody;
  }
  Answer answer = Answer::nobody;
  for (const addrinfo* one = found; one != nullptr && answer == Answer::nobody;
       one = one->ai_next) {
    const Descriptor connection(
        ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (connection.get() < 0 || !connect_to(connection.get(), *one, deadline)) continue;
    const std::string reply = ask_health(connection.get(), deadline);
    answer = reply.empty() ? Answer::silence : is_of_nufid(reply) ? Answer::nufid : Answer::other;
  }
  ::freeaddrinfo(found);
  return answer;
}

std::optional<std::uint64_t> listening_inode(std::string_view table, std::uint16_t port) {
  // "  0: 0100007F:1AB2 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 12345 …"
  constexpr std::string_view kListening = "0A";
  constexpr std::size_t kInode = 9;
  const std::string wanted = fmt::format(":{:04X}", port);
  for (const std::string& line : split(table, '\n')) {
    std::vector<std::string> words = split(line, ' ');
    std::erase(words, "");
    if (words.size() <= kInode || words[3] != kListening || !words[1].ends_with(wanted)) continue;
    const auto inode = parse_integer(words[kInode]);
    if (inode && *inode > 0) return static_cast<std::uint64_t>(*inode);
  }
  return std::nullopt;
}

std::string find_listener(std::uint16_t port) {
  std::optional<std::uint64_t> inode;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    if (!inode) inode = listening_inode(text_of(table), port);
  }
  if (!inode) return "";
  const std::string socket = fmt::format("socket:[{}]", *inode);
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator("/proc", failure)) {
    const std::string pid = entry.path().filename().string();
    if (!parse_integer(pid) || !holds(entry.path(), socket)) continue;
    return fmt::format("pid {} ({})", pid, trim(text_of(entry.path() / "comm")));
  }
  return "";
}

HealthCheck judge_port(const std::string& name,
                       const std::string& url,
                       Answer answer,
                       bool is_running,
                       const std::string& holder) {
  const std::string by = holder.empty() ? "" : ", " + holder;
  switch (answer) {
    case Answer::nobody:
      if (!is_running) return healthy(name, url + " is free for nufid");
      return fault(name,
                   "nobody answers on " + url,
                   "look for a firewall on this machine, or at nufid's log");
    case Answer::nufid:
      if (is_running) return healthy(name, url + " answers");
      return warning(name,
                     fmt::format("another nufid answers on {}{}", url, by),
                     "talk to it with NUFI_SOCKET, or start yours elsewhere: nufi up -- --listen "
                     "127.0.0.1:PORT");
    case Answer::other:
      return fault(name,
                   fmt::format("something that is not nufid answers on {}{}", url, by),
                   "stop it, or have nufid elsewhere: nufi up -- --listen 127.0.0.1:PORT");
    case Answer::silence:
      return fault(name,
                   fmt::format("{} takes connections and does not answer{}", url, by),
                   is_running ? "look at nufid's log, or: nufi restart"
                              : "stop what listens there, or have nufid elsewhere: nufi up -- "
                                "--listen 127.0.0.1:PORT");
  }
  return {};
}

}  // namespace nufi::cli
