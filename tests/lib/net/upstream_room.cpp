#include "tests/lib/net/upstream_room.hpp"

#include <boost/asio/co_spawn.hpp>

#include <arpa/inet.h>
#include <exception>
#include <future>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace nufi::test {

ScriptedUpstream::ScriptedUpstream(Script script) : target_(std::make_shared<net::Target>()) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  ::listen(listener_, 16);
  socklen_t size = sizeof(address);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  target_->host = "127.0.0.1";
  target_->port = ntohs(address.sin_port);
  thread_ = std::thread([this, script = std::move(script)] {
    while (true) {
      const int socket = ::accept(listener_, nullptr, nullptr);
      if (socket < 0) return;
      RawSocket connection(socket);
      if (stopping_) return;
      try {
        script(connection, connections++);
      } catch (const std::exception&) {
        // It waited for bytes that did not come: the test sees what it counted.
      }
      connection.close();
      ++finished;
    }
  });
}

ScriptedUpstream::~ScriptedUpstream() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

UpstreamRoom::UpstreamRoom(net::Resolver::Lookup lookup) : resolver_(std::move(lookup)) {
  loop_.start();
}

UpstreamRoom::~UpstreamRoom() {
  loop_.post([this] { pool_.clear(); });
  loop_.post([this] { loop_.stop(); });
  loop_.join();
  resolver_.stop();
}

net::Awaitable<void> UpstreamRoom::run(std::shared_ptr<const net::Target> target,
                                       CallOptions options,
                                       Called& called) {
  net::UpstreamCall call(pool_, std::move(target));
  running_ = &call;
  if (options.source != nullptr) {
    called.result =
        co_await call.request(options.head, *options.source, options.chunked, options.first_byte);
  } else {
    called.result = co_await call.request(options.head, options.body, options.first_byte);
  }
  called.connect_us = call.connect_us();
  called.problem = call.problem();
  if (called.result == net::RequestResult::answered) {
    called.status = call.head().status;
    if (options.on_head) options.on_head();
    while (true) {
      const auto piece = co_await call.read_body(options.idle);
      called.body += piece.bytes;
      called.end = piece.end;
      if (piece.end || piece.broken) break;
    }
  }
  running_ = nullptr;
}

Called UpstreamRoom::call(std::shared_ptr<const net::Target> target, CallOptions options) {
  Called called;
  std::promise<void> done;
  loop_.post([&] {
    net::asio::co_spawn(loop_.context(),
                        run(std::move(target), std::move(options), called),
                        [&](const std::exception_ptr& failure) {
                          if (failure) {
                            done.set_exception(failure);
                          } else {
                            done.set_value();
                          }
                        });
  });
  done.get_future().get();
  return called;
}

void UpstreamRoom::cancel() {
  loop_.post([this] {
    if (running_ != nullptr) running_->cancel();
  });
}

}  // namespace nufi::test
