// How a connection comes to stand: address, TCP, the proxy's tunnel, TLS. One time limit is over
// all of it; whoever is cut by it says how far it had come.

#include "lib/net/tls_native.hpp"
#include "lib/net/upstream_connection.hpp"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>

namespace nufi::net {
namespace {

using namespace std::chrono_literals;

/// What one of several addresses gets at most, so that a dead one leaves time for the next.
constexpr std::chrono::milliseconds kForOneOfSeveral = 3s;
constexpr std::size_t kTunnelHeadLimit = 16 * 1024;

bool is_v6(const std::string& host) {
  return host.find(':') != std::string::npos;
}

std::string with_port(const std::string& host, std::uint16_t port) {
  return (is_v6(host) ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

/// The status of "HTTP/1.1 200 …", 0 if that is not what it is.
int status_of(std::string_view head) {
  constexpr std::string_view kVersion = "HTTP/1.";
  if (!head.starts_with(kVersion) || head.size() < 12 || head[8] != ' ') return 0;
  int status = 0;
  for (const char c : head.substr(9, 3)) {
    if (c < '0' || c > '9') return 0;
    status = status * 10 + (c - '0');
  }
  return status;
}

}  // namespace

Awaitable<std::string> UpstreamConnection::connect() {
  const auto target = target_;
  const bool direct = !target->tunnel;
  const std::string host = direct ? target->host : target->tunnel->host;
  const auto port = direct ? target->port : target->tunnel->port;
  Lap lap;
  auto problem = co_await reach(host, port, lap);
  if (!problem.empty() && !direct) problem = "the proxy: " + problem;
  if (problem.empty()) {
    ErrorCode ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    if (!direct) problem = co_await open_tunnel(*target->tunnel);
  }
  times_.tcp_us = lap.us();
  if (problem.empty() && target->tls) {
    problem = co_await shake_hands();
    times_.tls_us = lap.us();
  }
  if (!problem.empty()) co_return problem;
  open_ = true;
  ErrorCode error;
  if (!target->tls) socket_.non_blocking(true, error);
  co_return error ? error.message() : std::string{};
}

Awaitable<std::string> UpstreamConnection::find_addresses(
    const std::string& host, std::vector<asio::ip::address>& addresses) {
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  if (!error) {
    addresses.push_back(address);
    co_return std::string{};
  }
  auto answer = resolver_.known(host);
  if (!answer) {
    question_ = resolver_.ask(host, loop_);
    const auto question = question_;
    answer = co_await question->wait();
    question_.reset();
    if (closed_) co_return "looking up the address of " + host + " took too long";
  }
  if (answer->addresses.empty()) {
    co_return "can't find the address of " + host + ": " + answer->problem;
  }
  addresses = std::move(answer->addresses);
  co_return std::string{};
}

Awaitable<std::string> UpstreamConnection::reach(const std::string& host,
                                                 std::uint16_t port,
                                                 Lap& lap) {
  const auto until = std::chrono::steady_clock::now() + target_->connect_timeout;
  std::vector<asio::ip::address> addresses;
  auto problem = co_await find_addresses(host, addresses);
  times_.lookup_us = lap.us();
  if (!problem.empty()) co_return problem;
  // The first answer decides what is said: it is of the address that was meant to be used.
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const asio::ip::tcp::endpoint endpoint(addresses[i], port);
    bool cut = false;
    Deadline turn(loop_, [&] {
      cut = true;
      ErrorCode ignored;
      socket_.close(ignored);
    });
    if (const auto left = addresses.size() - i; left > 1) {
      const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
          until - std::chrono::steady_clock::now());
      turn.set(std::min(time / static_cast<int>(left), kForOneOfSeveral));
    }
    ErrorCode error;
    ErrorCode ignored;
    socket_.close(ignored);
    co_await socket_.async_connect(endpoint, into(error));
    if (!error && !closed_) {
      if (i > 0) resolver_.prefer(host, addresses[i]);
      co_return std::string{};
    }
    if (problem.empty()) {
      problem = cut || closed_ ? std::string("connecting took too long") : error.message();
    }
    if (closed_) break;
  }
  co_return problem;
}

Awaitable<std::string> UpstreamConnection::open_tunnel(const Tunnel& tunnel) {
  const auto authority = with_port(target_->host, target_->port);
  const std::string proxy = "the proxy";
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!tunnel.authorization.empty()) {
    request += "Proxy-Authorization: " + tunnel.authorization.expose() + "\r\n";
  }
  request += "\r\n";
  ErrorCode error;
  co_await asio::async_write(socket_, asio::buffer(request), into(error));
  Secret(std::move(request));  // wipes it
  std::string head;
  while (!error && head.find("\r\n\r\n") == std::string::npos) {
    if (head.size() >= kTunnelHeadLimit) co_return proxy + " answers at too great a length";
    const auto size = head.size();
    head.resize(size + 1024);
    const auto got =
        co_await socket_.async_read_some(asio::buffer(head.data() + size, 1024), into(error));
    head.resize(size + got);
  }
  if (closed_) co_return proxy + " took too long";
  const auto status = status_of(head);
  if (error) co_return proxy + " broke off: " + error.message();
  if (status == 0) co_return proxy + " does not speak HTTP/1.1";
  if (status == 407) co_return proxy + " wants another user name or password (HTTP 407)";
  if (status < 200 || status > 299) {
    co_return proxy + " refused the connection (HTTP " + std::to_string(status) + ")";
  }
  // In TLS the client speaks first: what stands behind the head belongs to nobody.
  if (!head.ends_with("\r\n\r\n")) co_return proxy + " sends what was not asked for";
  co_return std::string{};
}

Awaitable<std::string> UpstreamConnection::shake_hands() {
  ErrorCode error;
  asio::ip::make_address(target_->host, error);
  const bool is_name = static_cast<bool>(error);
  tls_ = std::make_unique<TlsStream>(socket_, target_->tls->native().context);
  // Servers may refuse an address where a name belongs (RFC 6066 §3).
  if (is_name && !SSL_set_tlsext_host_name(tls_->native_handle(), target_->host.c_str())) {
    co_return std::string("can't name the server");
  }
  tls_->set_verify_callback(asio::ssl::host_name_verification(target_->host), error);
  error = {};
  co_await tls_->async_handshake(TlsStream::client, into(error));
  if (closed_) co_return std::string("the TLS handshake took too long");
  co_return error ? "TLS: " + error.message() : std::string{};
}

}  // namespace nufi::net
