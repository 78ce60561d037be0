#pragma once

#include "lib/net/loop.hpp"
#include "lib/net/resolver.hpp"
#include "lib/net/upstream_call.hpp"
#include "lib/net/upstream_pool.hpp"
#include "tests/support/raw_socket.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace nufi::test {

/// An upstream on 127.0.0.1 whose every connection runs a script, one after the other on one
/// thread.
class ScriptedUpstream {
 public:
  /// Gets the connection and its number, from 0. It closes when the script returns.
  using Script = std::function<void(RawSocket& connection, int number)>;
  explicit ScriptedUpstream(Script script);
  ~ScriptedUpstream();
  [[nodiscard]] std::shared_ptr<const net::Target> target() const { return target_; }

  std::atomic<int> connections{0};
  std::atomic<int> finished{0};  ///< scripts that have returned

 private:
  int listener_ = -1;
  std::shared_ptr<net::Target> target_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

/// What became of a call.
struct Called {
  net::RequestResult result = net::RequestResult::broken;
  int status = 0;
  std::string body;
  bool end = false;  ///< the body came to its end
  std::string problem;
  std::int64_t connect_us = -1;
};

struct CallOptions {
  std::string head = "POST /v1/x HTTP/1.1\r\nHost: up\r\nContent-Length: 2\r\n\r\n";
  std::string body = "{}";
  std::chrono::milliseconds first_byte{10'000};
  std::chrono::milliseconds idle{10'000};
  net::BodySource* source = nullptr;  ///< of the body, in place of `body`
  bool chunked = false;
  std::function<void()> on_head = {};  ///< runs on the loop when the reply's head is there
};

/// A loop with a pool of connections. call() blocks the caller until the call has ended.
class UpstreamRoom {
 public:
  explicit UpstreamRoom(net::Resolver::Lookup lookup = net::Resolver::system_lookup);
  ~UpstreamRoom();
  Called call(std::shared_ptr<const net::Target> target, CallOptions options = {});
  /// Ends the call that runs; thread-safe.
  void cancel();

 private:
  net::Awaitable<void> run(std::shared_ptr<const net::Target> target,
                           CallOptions options,
                           Called& called);

  net::Resolver resolver_;
  net::Loop loop_;
  net::UpstreamPool pool_{loop_, resolver_};
  net::UpstreamCall* running_ = nullptr;  ///< of the loop's thread
};

}  // namespace nufi::test
