#pragma once

#include "lib/net/server.hpp"
#include "tests/support/raw_socket.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

namespace nufi::test {

/// A real server on 127.0.0.1 with small limits. By path:
///   /echo    replies with the body (at most 100'000 bytes)
///   /pieces  reads the body in pieces (at most 100'000 bytes), the first of them interrupted, and
///            replies with it
///   /unread  replies without reading the body
///   /stream  reads the body, replies in three pieces of unknown length
///   /wait    replies "released" once release() was called, or nothing if the client left before
///   /silent  returns without a reply
///   other    replies with method and target
class Door {
 public:
  explicit Door(net::ServerOptions options = small());
  ~Door();

  [[nodiscard]] RawSocket connect() const { return RawSocket::to(server->port()); }
  /// Sends `bytes` on a connection of its own; the status of the reply that closes it. 0: closed
  /// without a reply; negative: the connection stayed open.
  [[nodiscard]] int refusal(const std::string& bytes) const;
  void release();

  static net::ServerOptions small();

  std::atomic<int> calls{0};    ///< handed to the handler
  std::atomic<int> waiting{0};  ///< calls in /wait
  std::atomic<int> gone{0};     ///< whose client was seen to leave
  std::unique_ptr<net::Server> server;

 private:
  net::Awaitable<void> handle(net::Exchange& exchange);
  net::Awaitable<void> wait(net::Exchange& exchange);
  net::Awaitable<void> echo(net::Exchange& exchange);
  net::Awaitable<void> pieces(net::Exchange& exchange);
  net::Awaitable<void> stream(net::Exchange& exchange);

  std::mutex mutex_;
  std::shared_ptr<net::Signal> released_;
};

/// "POST path HTTP/1.1" with Host and `fields` (each with its line end), and the body.
std::string post(const std::string& path, const std::string& fields, const std::string& body = {});

}  // namespace nufi::test
