#include "lib/net/server.hpp"

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/net/body_memory.hpp"
#include "lib/net/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

namespace nufi::net {
namespace {

using namespace std::chrono_literals;

/// How long to wait before accepting again when the process has no descriptor left.
constexpr auto kAcceptRetry = 100ms;
/// A connection that is turned away may stay so long to send its request and read the answer;
/// closed earlier, with bytes unread, it would see a reset instead.
constexpr auto kTurnAwayTime = 1s;
/// Accepting pauses for so long when many are being turned away: the others wait outside.
constexpr auto kCrowdedPause = 10ms;

thread_local std::size_t this_loop = 0;

}  // namespace

struct Server::Native {
  /// One loop and what lives on it, in the order of construction.
  struct Home {
    explicit Home(Resolver& resolver) : upstreams(loop, resolver) {}
    Loop loop;
    UpstreamPool upstreams;
    std::unique_ptr<SessionHome> sessions;
  };

  explicit Native(ServerOptions given) : options(given), body_memory(given.max_buffered) {}

  ServerOptions options;
  Handler handler;
  RefusalBody refusal_body;
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> turned_away{0};
  BodyMemory body_memory;
  Resolver resolver;
  std::vector<std::unique_ptr<Home>> homes;
  std::unique_ptr<Acceptor> acceptor;
  std::unique_ptr<Timer> retry;
  std::size_t next = 0;
  std::uint16_t port = 0;
  bool started = false;

  void accept();
  void accept_more();
  void accept_after(std::chrono::milliseconds pause);
  void serve(Home& home, Socket socket);
  Awaitable<void> turn_away(Home& home, Socket socket, Refusal refusal);
  bool wait_empty(std::chrono::milliseconds timeout);
};

void Server::Native::accept() {
  auto& home = *homes[next++ % homes.size()];
  acceptor->async_accept(home.loop.context(), [this, &home](ErrorCode error, Socket socket) {
    if (!acceptor->is_open()) return;
    if (error) {
      log::warning("can't accept connections", {{"why", error.message()}});
      return accept_after(kAcceptRetry);
    }
    serve(home, std::move(socket));
    accept_more();
  });
}

void Server::Native::accept_more() {
  if (turned_away.load() < options.max_turned_away) return accept();
  accept_after(kCrowdedPause);
}

void Server::Native::accept_after(std::chrono::milliseconds pause) {
  retry->expires_after(pause);
  retry->async_wait([this](ErrorCode stopped) {
    if (!stopped && acceptor->is_open()) accept_more();
  });
}

void Server::Native::serve(Home& home, Socket socket) {
  auto shared = std::make_shared<Socket>(std::move(socket));
  asio::post(home.loop.context(), [this, &home, shared] {
    Awaitable<void> work;
    if (home.sessions->draining) {
      work = turn_away(home, std::move(*shared), {503, "shutting_down", "nufid is shutting down"});
    } else if (connections.load() >= options.max_connections) {
      work = turn_away(home, std::move(*shared), {503, "overloaded", "too many connections"});
    } else {
      work = Session::run(std::make_shared<Session>(*home.sessions, std::move(*shared)));
    }
    asio::co_spawn(home.loop.context(), std::move(work), [](const std::exception_ptr& failure) {
      if (!failure) return;
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& error) {
        log::error("a connection ended with an error of ours", {{"why", error.what()}});
      }
    });
  });
}

Awaitable<void> Server::Native::turn_away(Home& home, Socket socket, Refusal refusal) {
  turned_away += 1;
  // Also when the loop ends first and takes this coroutine with it.
  const std::unique_ptr<std::atomic<std::size_t>, void (*)(std::atomic<std::size_t>*)> counted(
      &turned_away, [](std::atomic<std::size_t>* count) { *count -= 1; });
  const auto body = refusal_body(refusal);
  const auto text =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
      "Retry-After: 1\r\nConnection: close\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  Deadline patience(home.loop, [&socket] {
    ErrorCode ignored;
    socket.close(ignored);
  });
  patience.set(kTurnAwayTime);
  ErrorCode error;
  co_await socket.async_write_some(asio::buffer(text), into(error));
  socket.shutdown(Socket::shutdown_send, error);
  std::array<char, 4096> unread;
  while (!error) co_await socket.async_read_some(asio::buffer(unread), into(error));
}

bool Server::Native::wait_empty(std::chrono::milliseconds timeout) {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (connections.load() > 0) {
    if (std::chrono::steady_clock::now() >= until) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

Server::Server(ServerOptions options, Handler handler, RefusalBody refusal_body)
    : native_(std::make_unique<Native>(options)) {
  native_->handler = std::move(handler);
  native_->refusal_body = std::move(refusal_body);
  for (std::size_t i = 0; i < std::max<std::size_t>(1, options.loops); ++i) {
    auto home = std::make_unique<Native::Home>(native_->resolver);
    home->sessions = std::make_unique<SessionHome>(SessionHome{native_->options,
                                                               native_->handler,
                                                               native_->refusal_body,
                                                               home->loop,
                                                               home->upstreams,
                                                               native_->body_memory});
    home->sessions->connections = &native_->connections;
    native_->homes.push_back(std::move(home));
  }
}

Server::~Server() {
  stop();
}

void Server::listen(const std::string& host, std::uint16_t port) {
  ErrorCode error;
  const auto address = asio::ip::make_address(host == "localhost" ? "127.0.0.1" : host, error);
  if (error) {
    throw Error(Errc::invalid,
                "can't listen on '" + host + "': not an IP address",
                "give an address such as 127.0.0.1:6834");
  }
  const asio::ip::tcp::endpoint endpoint(address, port);
  auto acceptor = std::make_unique<Acceptor>(native_->homes[0]->loop.context());
  acceptor->open(endpoint.protocol(), error);
  if (!error) acceptor->set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor->bind(endpoint, error);
  if (!error) acceptor->listen(1024, error);
  if (error) {
    throw Error(Errc::unavailable,
                "can't listen on " + host + ":" + std::to_string(port) + ": " + error.message(),
                "another program may use the port: choose one with --listen HOST:PORT");
  }
  native_->port = acceptor->local_endpoint().port();
  native_->acceptor = std::move(acceptor);
}

void Server::adopt(int listening_socket) {
  auto acceptor = std::make_unique<Acceptor>(native_->homes[0]->loop.context());
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  ::getsockname(listening_socket, reinterpret_cast<sockaddr*>(&address), &size);
  ErrorCode error;
  acceptor->assign(address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4(),
                   listening_socket,
                   error);
  if (error) throw Error(Errc::unavailable, "can't use the given socket: " + error.message());
  native_->port = acceptor->local_endpoint().port();
  native_->acceptor = std::move(acceptor);
}

std::uint16_t Server::port() const {
  return native_->port;
}

void Server::start() {
  native_->started = true;
  native_->retry = std::make_unique<Timer>(native_->homes[0]->loop.context());
  for (std::size_t i = 0; i < native_->homes.size(); ++i) {
    native_->homes[i]->loop.post([i] { this_loop = i; });
    native_->homes[i]->loop.start();
  }
  native_->homes[0]->loop.post([this] { native_->accept(); });
}

bool Server::drain(std::chrono::milliseconds timeout) {
  if (!native_->started) return true;
  for (auto& home : native_->homes) {
    home->loop.post([&sessions = *home->sessions] {
      sessions.draining = true;
      const auto all = sessions.sessions;
      // Ending one may take others out of the set.
      for (auto* session : all) {
        if (sessions.sessions.contains(session)) session->drain();
      }
    });
  }
  return native_->wait_empty(timeout);
}

void Server::abort() {
  for (auto& home : native_->homes) {
    home->loop.post([&sessions = *home->sessions] {
      const auto all = sessions.sessions;
      // Ending one may take others out of the set.
      for (auto* session : all) {
        if (sessions.sessions.contains(session)) session->abort();
      }
    });
  }
}

void Server::stop() {
  if (!native_->started) return;
  drain(0ms);
  abort();
  if (!native_->wait_empty(10s)) log::error("connections did not end in time");
  native_->homes[0]->loop.post([this] {
    ErrorCode ignored;
    if (native_->acceptor) native_->acceptor->close(ignored);
    native_->retry->cancel();
  });
  for (auto& home : native_->homes) {
    home->loop.post([&home] { home->upstreams.clear(); });
  }
  for (auto& home : native_->homes) {
    home->loop.post([&home] { home->loop.stop(); });
  }
  for (auto& home : native_->homes) home->loop.join();
  native_->resolver.stop();  // while the loops that it tells are still there
  native_->started = false;
}

std::size_t Server::connections() const {
  return native_->connections.load();
}

std::uint64_t Server::buffered() const {
  return native_->body_memory.used();
}

void Server::each_loop(const std::function<void(std::size_t index)>& work) {
  for (std::size_t i = 0; i < native_->homes.size(); ++i) {
    native_->homes[i]->loop.post([work, i] { work(i); });
  }
}

std::size_t Server::loops() const {
  return native_->homes.size();
}

bool Server::loops_answer(std::chrono::milliseconds patience) {
  struct Roll {
    std::mutex mutex;
    std::condition_variable called;
    std::size_t missing = 0;
  };
  // Shared: a loop that is late calls when nobody waits any more.
  const auto roll = std::make_shared<Roll>();
  roll->missing = loops();
  each_loop([roll](std::size_t) {
    const std::lock_guard lock(roll->mutex);
    roll->missing -= 1;
    roll->called.notify_one();
  });
  std::unique_lock lock(roll->mutex);
  return roll->called.wait_for(lock, patience, [&] { return roll->missing == 0; });
}

std::size_t Server::current_loop() {
  return this_loop;
}

}  // namespace nufi::net
