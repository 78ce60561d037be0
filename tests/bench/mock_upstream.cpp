// A provider that costs next to nothing: one thread, epoll, fixed replies. It answers every POST
// with a chat completion and its usage, or, when the body says "stream":true, with an event stream
// whose chunks carry the moment they were sent. The body says how many and how far apart:
// "bench":{"chunks":50,"interval_ms":20}.
#include "tests/bench/http_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <queue>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using nufi::bench::die;
using nufi::bench::monotonic_ns;

constexpr std::string_view kPlainBody =
    R"({"id":"chatcmpl-bench","object":"chat.completion","created":1760000000,"model":"bench-model",)"
    R"("choices":[{"index":0,"message":{"role":"assistant","content":"All is well, thank you for )"
    R"(asking. Is there anything else I can do for you today?"},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":20,"completion_tokens":18,"total_tokens":38}})";
constexpr std::string_view kStreamHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
constexpr std::string_view kUsage =
    R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,)"
    R"("model":"bench-model","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":50,)"
    R"("total_tokens":70}})"
    "\n\n";
constexpr std::string_view kDone = "data: [DONE]\n\n";

struct Peer {
  int fd = -1;
  std::uint64_t generation = 0;  ///< tells a reused slot from the one a timer was set for
  std::string in;
  std::string out;  ///< what the kernel did not take yet
  std::int64_t chunks_left = 0;
  std::int64_t interval_ns = 0;
  bool wants_usage = false;
};

struct Due {
  std::int64_t at;
  int fd;
  std::uint64_t generation;
  bool operator>(const Due& other) const { return at > other.at; }
};

class Mock {
 public:
  explicit Mock(int port) : listener_(nufi::bench::listen_on(port)), epoll_(epoll_create1(0)) {
    watch(listener_, EPOLLIN);
  }

  [[nodiscard]] int port() const { return nufi::bench::port_of(listener_); }

  [[noreturn]] void run() {
    std::vector<epoll_event> events(1024);
    for (;;) {
      const int count =
          epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms());
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<std::size_t>(i)].data.fd;
        if (fd == listener_) {
          accept_all();
        } else {
          serve(fd);
        }
      }
      send_due();
    }
  }

 private:
  void watch(int fd, std::uint32_t events) {
    epoll_event event{};
    event.events = events;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) die("epoll_ctl");
  }

  [[nodiscard]] int wait_ms() const {
    if (timers_.empty()) return -1;
    const auto left = timers_.top().at - monotonic_ns();
    return left <= 0 ? 0 : static_cast<int>((left + 999'999) / 1'000'000);
  }

  void accept_all() {
    for (;;) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const auto slot = static_cast<std::size_t>(fd);
      if (peers_.size() <= slot) peers_.resize(slot + 1);
      if (!peers_[slot]) peers_[slot] = std::make_unique<Peer>();
      Peer& peer = *peers_[slot];
      const auto generation = peer.generation + 1;
      peer = Peer{};
      peer.fd = fd;
      peer.generation = generation;
      watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
    }
  }

  void serve(int fd) {
    Peer& peer = *peers_[static_cast<std::size_t>(fd)];
    if (!flush(peer)) return;
    char buffer[65536];
    for (;;) {
      const auto got = read(fd, buffer, sizeof buffer);
      if (got > 0) {
        peer.in.append(buffer, static_cast<std::size_t>(got));
        continue;
      }
      if (got < 0 && errno == EAGAIN) break;
      return drop(peer);
    }
    while (peer.fd >= 0 && peer.chunks_left == 0 && answer_one(peer)) {
    }
  }

  /// Answers the first request of `in`; false when there is no whole one.
  bool answer_one(Peer& peer) {
    const auto head = nufi::bench::head_size(peer.in);
    if (head == 0) return false;
    const auto length = std::max<std::int64_t>(
        0, nufi::bench::content_length(std::string_view(peer.in).substr(0, head)));
    const auto size = head + static_cast<std::size_t>(length);
    if (peer.in.size() < size) return false;
    const std::string_view body(peer.in.data() + head, static_cast<std::size_t>(length));
    if (body.find("\"stream\":true") != std::string_view::npos) {
      peer.chunks_left = nufi::bench::number_after(body, "\"chunks\":", 50);
      peer.interval_ns = nufi::bench::number_after(body, "\"interval_ms\":", 20) * 1'000'000;
      peer.wants_usage = body.find("include_usage") != std::string_view::npos;
      peer.in.erase(0, size);
      send(peer, kStreamHead);
      if (peer.fd >= 0) schedule(peer);
    } else {
      peer.in.erase(0, size);
      static const std::string reply =
          "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
          std::to_string(kPlainBody.size()) + "\r\n\r\n" + std::string(kPlainBody);
      send(peer, reply);
    }
    return true;
  }

  void schedule(const Peer& peer) {
    timers_.push({monotonic_ns() + peer.interval_ns, peer.fd, peer.generation});
  }

  void send_due() {
    const auto now = monotonic_ns();
    while (!timers_.empty() && timers_.top().at <= now) {
      const Due due = timers_.top();
      timers_.pop();
      Peer& peer = *peers_[static_cast<std::size_t>(due.fd)];
      if (peer.fd < 0 || peer.generation != due.generation) continue;
      send_chunk(peer);
    }
  }

  void send_chunk(Peer& peer) {
    char event[400];
    const int size = std::snprintf(
        event,
        sizeof event,
        R"(data: {"id":"chatcmpl-bench","object":"chat.completion.chunk","created":1760000000,)"
        R"("model":"bench-model","choices":[{"index":0,"delta":{"content":"t%019lld "},)"
        R"("finish_reason":null}]})"
        "\n\n",
        static_cast<long long>(monotonic_ns()));
    std::string text = framed({event, static_cast<std::size_t>(size)});
    if (--peer.chunks_left == 0) {
      if (peer.wants_usage) text += framed(kUsage);
      text += framed(kDone);
      text += "0\r\n\r\n";
    }
    send(peer, text);
    if (peer.fd < 0) return;
    if (peer.chunks_left > 0) {
      schedule(peer);
    } else {
      serve(peer.fd);  // a request may have come meanwhile
    }
  }

  static std::string framed(std::string_view data) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx\r\n", data.size());
    return std::string(size).append(data).append("\r\n");
  }

  void send(Peer& peer, std::string_view bytes) {
    if (peer.out.empty()) {
      const auto took = write(peer.fd, bytes.data(), bytes.size());
      if (took == static_cast<ssize_t>(bytes.size())) return;
      if (took < 0 && errno != EAGAIN) return drop(peer);
      if (took > 0) bytes.remove_prefix(static_cast<std::size_t>(took));
    }
    peer.out.append(bytes);
  }

  /// False when the peer is gone.
  bool flush(Peer& peer) {
    while (!peer.out.empty()) {
      const auto took = write(peer.fd, peer.out.data(), peer.out.size());
      if (took < 0 && errno == EAGAIN) return true;
      if (took < 0) {
        drop(peer);
        return false;
      }
      peer.out.erase(0, static_cast<std::size_t>(took));
    }
    return true;
  }

  static void drop(Peer& peer) {
    close(peer.fd);
    peer.fd = -1;
  }

  int listener_;
  int epoll_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> timers_;
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  Mock mock(argc > 1 ? std::atoi(argv[1]) : 0);
  std::printf("mock: ready on %d\n", mock.port());
  std::fflush(stdout);
  mock.run();
}
