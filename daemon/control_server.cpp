#include "daemon/control_server.hpp"

#include "daemon/control_server_connection.hpp"
#include "lib/base/log.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <fcntl.h>
#include <map>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace nufi::daemon {

namespace {

constexpr int kAcceptPauseMs = 20;
constexpr std::size_t kMostRequests = 1'000;  // of one connection
constexpr std::size_t kMostWaiting = 256;     // connections of one user, or over TCP
constexpr int kMostLargeBodies = 2;           // read at once

std::optional<Request> read_request(const httplib::Request& from) {
  Request request;
  request.method = from.method;
  const std::string_view target = from.target;
  const auto mark = target.find('?');
  request.path = target.substr(0, mark);
  for (const std::string& raw : split(std::string_view(request.path).substr(1), '/')) {
    auto segment = percent_decode(raw);
    if (!segment) return std::nullopt;
    request.segments.push_back(*std::move(segment));
  }
  if (mark != std::string_view::npos) {
    for (std::string& pair : split(target.substr(mark + 1), '&')) {
      if (pair.empty()) continue;
      for (char& c : pair) {
        if (c == '+') c = ' ';
      }
      const auto equals = pair.find('=');
      auto name = percent_decode(std::string_view(pair).substr(0, equals));
      auto value =
          percent_decode(equals == std::string::npos ? std::string_view()
                                                     : std::string_view(pair).substr(equals + 1));
      if (!name || !value) return std::nullopt;
      request.query.emplace_back(*std::move(name), *std::move(value));
    }
  }
  for (const auto& [name, value] : from.headers) request.headers.emplace(to_lower(name), value);
  request.body = from.body;
  if (const auto uid = parse_integer(from.remote_addr)) request.peer_uid = *uid;
  return request;
}

std::string error_body(int status) {
  const char* message = "the request can't be understood";
  const char* code = "invalid";
  if (status == 411) message = "the length of the body must be said (Content-Length)";
  if (status == 413) message = "the body is too large";
  if (status == 429) message = "others are sending large bodies: try again";
  if (status == 414) message = "the path is too long";
  if (status == 404) {
    message = "there is nothing at this path";
    code = "not_found";
  }
  if (status >= 500) {
    message = "something broke";
    code = "internal";
  }
  return fmt::format(R"({{"error":{{"message":"{}","hint":"","code":"{}"}}}})", message, code);
}

}  // namespace

/// httplib listens on TCP only, so sockets are accepted here; it reads and answers what comes.
class ControlServer::Impl final : public httplib::Server {
 public:
  Impl(ControlServer::Options options, RequestHandler handler)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        stop_(::eventfd(0, EFD_CLOEXEC)),
        most_of_one_user_(std::max<std::size_t>(options_.threads / 2, 1)) {
    set_payload_max_length(std::max(options_.max_body, options_.max_large_body));
    set_default_headers({{"X-Nufi-Version", options_.version}, {"Cache-Control", "no-store"}});
    const auto answer = [this](const httplib::Request& from, httplib::Response& to) {
      serve(from, to);
    };
    // Routing is ours (routes.cpp). httplib matches paths with regular expressions, which recurse
    // for every byte and overflow the stack on a long one: it gets to see this path only.
    Get(kAnyPath, answer);
    Post(kAnyPath, answer);
    Put(kAnyPath, answer);
    Patch(kAnyPath, answer);
    Delete(kAnyPath, answer);
    Server::Options(kAnyPath, answer);
    set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& to) {
      const int refusal = look_at_body(from);
      if (refusal == 0) return HandlerResponse::Unhandled;
      to.status = refusal;
      to.set_header("Connection", "close");
      to.set_content(error_body(refusal), "application/json");
      current->refuse_body();
      return HandlerResponse::Handled;
    });
    set_error_handler([](const httplib::Request&, httplib::Response& to) {
      if (to.body.empty()) to.set_content(error_body(to.status), "application/json");
    });
  }
  ~Impl() override {
    end();
    ::close(stop_);
  }

  void begin(int listener) {
    ::fcntl(listener, F_SETFL, ::fcntl(listener, F_GETFL) | O_NONBLOCK);
    accepting_ = std::thread([this, listener] { accept_from(listener); });
  }

  void end() {
    if (!accepting_.joinable()) return;
    is_stopping_ = true;
    const std::uint64_t one = 1;
    if (::write(stop_, &one, sizeof one) < 0) log::error("control server can't be stopped");
    accepting_.join();
  }

 private:
  static constexpr const char* kAnyPath = "/";
  static void hide_path(httplib::Request& request) { request.path = kAnyPath; }

  void accept_from(int listener) {
    httplib::ThreadPool workers(options_.threads);
    std::array<pollfd, 2> wanted = {{{.fd = stop_, .events = POLLIN, .revents = 0},
                                     {.fd = listener, .events = POLLIN, .revents = 0}}};
    for (;;) {
      ::poll(wanted.data(), wanted.size(), -1);
      if (wanted[0].revents != 0) break;
      const int socket = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
      if (socket >= 0) {
        take(workers, socket);
      } else if (errno != EAGAIN && errno != EINTR) {
        // Out of file descriptors, or a peer that was gone again: others will come.
        ::poll(wanted.data(), 1, kAcceptPauseMs);
      }
    }
    workers.shutdown();
  }

  /// What is wrong with a body that was not read yet, as a status; 0 = it may be read. httplib
  /// would read one of unknown length whole, whatever its limit is.
  int look_at_body(const httplib::Request& from) {
    if (from.has_header("Transfer-Encoding")) return 411;
    const std::size_t length = from.get_header_value<std::uint64_t>("Content-Length");
    if (length <= options_.max_body) return 0;
    const std::string_view path = std::string_view(from.target).substr(0, from.target.find('?'));
    if (path != options_.large_body_path || length > options_.max_large_body) return 413;
    if (large_bodies_.fetch_add(1) < kMostLargeBodies) {
      has_large_body = true;
      return 0;
    }
    --large_bodies_;
    return 429;
  }

  /// Every user may have half of the threads: who keeps connections open only makes itself wait.
  /// Over TCP nobody knows who it is.
  void take(httplib::ThreadPool& workers, int socket) {
    const std::string user = user_of(socket);
    {
      const std::lock_guard lock(shares_mutex_);
      Share& share = shares_[user];
      if (share.served >= (user.empty() ? options_.threads : most_of_one_user_)) {
        if (share.waiting.size() < kMostWaiting) {
          share.waiting.push_back(socket);
        } else {
          ::close(socket);
        }
        return;
      }
      ++share.served;
    }
    workers.enqueue([this, user, socket] { serve_share(user, socket); });
  }

  /// Serves a connection of `user`, then those of the same user that wait.
  void serve_share(const std::string& user, int socket) {
    for (;;) {
      serve_connection(socket);
      const std::lock_guard lock(shares_mutex_);
      Share& share = shares_[user];
      if (share.waiting.empty()) {
        if (--share.served == 0) shares_.erase(user);
        return;
      }
      socket = share.waiting.front();
      share.waiting.pop_front();
    }
  }

  void serve_connection(int socket) {
    ControlConnection connection(socket);
    current = &connection;
    for (std::size_t left = kMostRequests; left > 0; --left) {
      if (!connection.wait_for_request(stop_)) return;
      const bool is_last = left == 1 || is_stopping_;
      bool was_closed = false;
      const bool goes_on = process_request(connection, is_last, was_closed, hide_path);
      if (std::exchange(has_large_body, false)) --large_bodies_;
      if (!goes_on || was_closed || is_last) return;
    }
  }

  void serve(const httplib::Request& from, httplib::Response& to) {
    const auto request = read_request(from);
    if (!request) {
      to.status = 400;
      return;
    }
    Reply reply = handler_(*request);
    to.status = reply.status;
    for (const auto& [name, value] : reply.headers) to.set_header(name, value);
    to.set_content(reply.body, reply.content_type);
  }

  const ControlServer::Options options_;
  const RequestHandler handler_;
  /// The connections of one user.
  struct Share {
    std::size_t served = 0;
    std::deque<int> waiting;
  };

  // httplib's handlers are not told whose request it is: each thread serves one at a time.
  static inline thread_local ControlConnection* current = nullptr;
  static inline thread_local bool has_large_body = false;

  const int stop_;
  std::atomic<int> large_bodies_ = 0;
  const std::size_t most_of_one_user_;
  std::mutex shares_mutex_;
  std::map<std::string, Share> shares_;  ///< guarded by shares_mutex_
  std::atomic<bool> is_stopping_ = false;
  std::thread accepting_;
};

std::string Request::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? "" : found->second;
}

ControlServer::ControlServer(Options options, RequestHandler handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}

ControlServer::~ControlServer() = default;

void ControlServer::start(int listener) {
  impl_->begin(listener);
}

void ControlServer::stop() {
  impl_->end();
}

std::optional<std::string> percent_decode(std::string_view text) {
  const auto digit = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    if (i + 2 >= text.size() || digit(text[i + 1]) < 0 || digit(text[i + 2]) < 0)
      return std::nullopt;
    const int byte = digit(text[i + 1]) * 16 + digit(text[i + 2]);
    if (byte == 0) return std::nullopt;
    bytes += static_cast<char>(byte);
    i += 2;
  }
  return bytes;
}

}  // namespace nufi::daemon
