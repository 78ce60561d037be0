// A load generator as light as the mock: one thread, epoll, closed loop. Prints one line of JSON.
//   load plain  PORT PATH KEY CONNECTIONS SECONDS [IDLE]      calls one after the other on each
//   load stream PORT PATH KEY CONNECTIONS CHUNKS INTERVAL_MS  one stream on each
// IDLE kept-alive connections that made one call each are held open besides. PATH is the whole
// target, KEY the bearer key or "-".
#include "tests/bench/http_scan.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

using nufi::bench::die;
using nufi::bench::monotonic_ns;

std::string request_for(std::string_view path, std::string_view key, std::string_view body) {
  std::string text = "POST ";
  text.append(path).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n");
  if (key != "-") text.append("Authorization: Bearer ").append(key).append("\r\n");
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n");
  return text.append(body);
}

double percentile(std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto at = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1));
  return static_cast<double>(sorted[at]) / 1000.0;  // microseconds
}

struct Peer {
  int fd = -1;
  std::string in;
  std::int64_t sent_at = 0;
  std::int64_t chunks = 0;
  bool done = false;
};

class Load {
 public:
  explicit Load(int port) : port_(port), epoll_(epoll_create1(0)) {}

  int open() {
    const auto index = static_cast<int>(peers_.size());
    peers_.push_back({nufi::bench::connect_to(port_), {}, 0, 0, false});
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.u32 = static_cast<std::uint32_t>(index);
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, peers_.back().fd, &event) != 0) die("epoll_ctl");
    return index;
  }

  void send(int index, std::string_view text) {
    Peer& peer = peers_[static_cast<std::size_t>(index)];
    peer.sent_at = monotonic_ns();
    if (write(peer.fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      fail(peer);
    }
  }

  /// Waits for events until `end` and hands peers that got bytes to `on_bytes(index, peer)`.
  template <class OnBytes>
  void poll(std::int64_t end, OnBytes on_bytes) {
    const auto left = end - monotonic_ns();
    const int ms = left <= 0 ? 0 : static_cast<int>((left + 999'999) / 1'000'000);
    const int count = epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), ms);
    for (int i = 0; i < count; ++i) {
      const auto index = events_[static_cast<std::size_t>(i)].data.u32;
      Peer& peer = peers_[index];
      if (peer.fd < 0) continue;
      const auto got = read(peer.fd, buffer_, sizeof buffer_);
      if (got > 0) {
        peer.in.append(buffer_, static_cast<std::size_t>(got));
        on_bytes(static_cast<int>(index), peer);
      } else if (got == 0 || errno != EAGAIN) {
        fail(peer);
      }
    }
  }

  void fail(Peer& peer) {
    if (!peer.done) ++failures;
    peer.done = true;
    if (peer.fd >= 0) close(peer.fd);
    peer.fd = -1;
  }

  [[nodiscard]] Peer& peer(int index) { return peers_[static_cast<std::size_t>(index)]; }

  std::int64_t failures = 0;
  std::int64_t refusals = 0;  ///< replies that were not 200

 private:
  int port_;
  int epoll_;
  std::vector<Peer> peers_;
  std::vector<epoll_event> events_ = std::vector<epoll_event>(1024);
  char buffer_[65536];
};

/// Takes a whole plain reply off `in`: its status, or 0 while it is not complete.
int take_reply(std::string& in) {
  const auto head = nufi::bench::head_size(in);
  if (head == 0) return 0;
  const auto length = nufi::bench::content_length(std::string_view(in).substr(0, head));
  std::size_t size = head;
  if (length >= 0) {
    size += static_cast<std::size_t>(length);
    if (in.size() < size) return 0;
  } else {
    const auto end = in.find("\r\n0\r\n\r\n", head - 2);
    if (end == std::string::npos) return 0;
    size = end + 7;
  }
  const int status = std::atoi(in.c_str() + 9);
  in.erase(0, size);
  return status;
}

int plain(Load& load, const std::string& request, int connections, double seconds, int idle) {
  int waiting = 0;
  for (int i = 0; i < idle; ++i) {
    load.send(load.open(), request);
    ++waiting;
    const auto deadline = monotonic_ns() + 10'000'000'000;
    while (waiting > 0 && load.failures == 0 && monotonic_ns() < deadline) {
      load.poll(deadline, [&](int, Peer& peer) {
        if (take_reply(peer.in) != 0) --waiting;
      });
    }
  }
  std::vector<std::int64_t> latencies;
  latencies.reserve(1 << 20);
  const auto start = monotonic_ns();
  const auto end = start + static_cast<std::int64_t>(seconds * 1e9);
  int running = connections;
  for (int i = 0; i < connections; ++i) load.send(load.open(), request);
  // After the end every connection's last call is waited for, so that the proxy is idle again.
  while (running > 0 && load.failures == 0) {
    load.poll(end + 10'000'000'000, [&](int index, Peer& peer) {
      const int status = take_reply(peer.in);
      if (status == 0) return;
      const auto now = monotonic_ns();
      latencies.push_back(now - peer.sent_at);
      if (status != 200) ++load.refusals;
      if (now < end) {
        load.send(index, request);
      } else {
        --running;
      }
    });
  }
  const double took = static_cast<double>(monotonic_ns() - start) / 1e9;
  std::sort(latencies.begin(), latencies.end());
  std::printf(
      "{\"calls\":%zu,\"seconds\":%.3f,\"calls_per_second\":%.1f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
      "\"max_us\":%.1f,\"failures\":%lld,\"refusals\":%lld}\n",
      latencies.size(),
      took,
      static_cast<double>(latencies.size()) / took,
      percentile(latencies, 0.5),
      percentile(latencies, 0.99),
      percentile(latencies, 1),
      static_cast<long long>(load.failures),
      static_cast<long long>(load.refusals));
  return load.failures == 0 && load.refusals == 0 ? 0 : 1;
}

/// Reads the chunks in `in` and notes how long each was under way.
void take_chunks(Peer& peer, std::vector<std::int64_t>& delays) {
  constexpr std::string_view kStamp = "\"content\":\"t";
  constexpr std::size_t kDigits = 19;
  const auto now = monotonic_ns();
  std::size_t used = 0;
  for (;;) {
    const auto at = peer.in.find(kStamp, used);
    if (at == std::string::npos || at + kStamp.size() + kDigits > peer.in.size()) break;
    delays.push_back(now - std::atoll(peer.in.c_str() + at + kStamp.size()));
    used = at + kStamp.size() + kDigits;
    ++peer.chunks;
  }
  constexpr std::size_t kKeep = 64;  // a stamp or the end of the stream may be cut in two
  if (peer.in.size() > used + kKeep) used = peer.in.size() - kKeep;
  if (peer.chunks > 0) peer.in.erase(0, used);
}

int streams(Load& load, const std::string& request, int connections, int chunks, int interval_ms) {
  std::vector<std::int64_t> delays;
  delays.reserve(static_cast<std::size_t>(connections) * static_cast<std::size_t>(chunks));
  std::int64_t complete = 0;
  int running = 0;
  const auto on_bytes = [&](int, Peer& peer) {
    take_chunks(peer, delays);
    const std::string_view in = peer.in;
    const bool ended = in.size() >= 5 && in.substr(in.size() - 5) == "0\r\n\r\n";
    if (!ended || peer.done) return;
    peer.done = true;
    --running;
    if (peer.chunks == chunks && in.find("[DONE]") != std::string_view::npos) ++complete;
  };
  const auto start = monotonic_ns();
  // The starts are spread over the first intervals, as streams of many callers are.
  const auto spread = std::max<std::int64_t>(interval_ms * 2'000'000LL, connections * 100'000LL);
  for (int i = 0; i < connections; ++i) {
    const auto begin = start + spread * i / connections;
    while (monotonic_ns() < begin) load.poll(begin, on_bytes);
    load.send(load.open(), request);
    ++running;
  }
  const auto end = start + spread + (chunks + 2LL) * interval_ms * 1'000'000 + 60'000'000'000;
  while (running - load.failures > 0 && monotonic_ns() < end) load.poll(end, on_bytes);
  const double took = static_cast<double>(monotonic_ns() - start) / 1e9;
  std::sort(delays.begin(), delays.end());
  std::printf(
      "{\"streams\":%d,\"complete\":%lld,\"chunks\":%zu,\"seconds\":%.3f,\"p50_us\":%.1f,"
      "\"p99_us\":%.1f,\"max_us\":%.1f,\"failures\":%lld}\n",
      connections,
      static_cast<long long>(complete),
      delays.size(),
      took,
      percentile(delays, 0.5),
      percentile(delays, 0.99),
      percentile(delays, 1),
      static_cast<long long>(load.failures));
  return complete == connections ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  if (argc < 7) {
    std::fprintf(stderr, "usage: load plain|stream PORT PATH KEY CONNECTIONS … (see load.cpp)\n");
    return 2;
  }
  const bool stream = std::strcmp(argv[1], "stream") == 0;
  const auto number = [&](int at, int missing) {
    return argc > at ? std::atoi(argv[at]) : missing;
  };
  std::string body =
      R"({"model":"bench-model","messages":[{"role":"system","content":"You are a helpful )"
      R"(assistant."},{"role":"user","content":"How are you today? Please answer in one short )"
      R"(sentence, and be kind."}],"temperature":0.7,"max_tokens":64)";
  if (stream) {
    body += ",\"stream\":true,\"bench\":{\"chunks\":" + std::to_string(number(6, 50)) +
            ",\"interval_ms\":" + std::to_string(number(7, 20)) + "}";
  }
  body += "}";
  const auto request = request_for(argv[3], argv[4], body);
  Load load(std::atoi(argv[2]));
  if (stream) return streams(load, request, number(5, 1), number(6, 50), number(7, 20));
  return plain(load, request, number(5, 1), std::atof(argv[6]), number(7, 0));
}
