#include "tests/lib/net/upstream_room.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

using namespace nufi;
using namespace nufi::test;
using namespace std::chrono_literals;
using net::RequestResult;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// "up.example:443" through `proxy`.
std::shared_ptr<net::Target> through(const ScriptedUpstream& proxy, const std::string& word = "") {
  auto target = std::make_shared<net::Target>();
  target->host = "up.example";
  target->port = 443;
  target->tunnel = net::Tunnel{proxy.target()->host, proxy.target()->port, Secret(word)};
  return target;
}

/// What a call through a proxy says that answers CONNECT with `reply`.
Called answered_with(const std::string& reply) {
  ScriptedUpstream proxy([&](RawSocket& connection, int) {
    connection.request();
    connection.send(reply);
  });
  UpstreamRoom room;
  return room.call(through(proxy, "Basic c2VjcmV0"));
}

}  // namespace

TEST_CASE("tunnel: the proxy is asked for the upstream, and the tunnel carries further calls") {
  std::vector<std::string> seen;
  ScriptedUpstream proxy([&](RawSocket& connection, int) {
    seen.push_back(connection.request());
    connection.send("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n");
    for (auto request = connection.request(); !request.empty(); request = connection.request()) {
      seen.push_back(request);
      connection.send(kOk);
    }
  });
  UpstreamRoom room;
  const auto target = through(proxy, "Basic c2VjcmV0");
  CallOptions options;
  CHECK(room.call(target, options).body == "ok");
  CHECK(room.call(target, options).body == "ok");
  CHECK(proxy.connections == 1);
  REQUIRE(seen.size() == 3);
  CHECK(seen[0] ==
        "CONNECT up.example:443 HTTP/1.1\r\nHost: up.example:443\r\n"
        "Proxy-Authorization: Basic c2VjcmV0\r\n\r\n");
  CHECK(seen[1] == options.head + options.body);
}

TEST_CASE("tunnel: without a user nothing is said of one, and IPv6 stands in brackets") {
  std::string seen;
  ScriptedUpstream proxy([&](RawSocket& connection, int) {
    seen = connection.request();
    connection.send("HTTP/1.0 200 OK\r\n\r\n");
    connection.request();
    connection.send(kOk);
  });
  auto target = std::make_shared<net::Target>(*through(proxy));
  target->host = "2001:db8::1";
  UpstreamRoom room;
  CHECK(room.call(target).body == "ok");
  CHECK(seen == "CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n\r\n");
}

TEST_CASE("tunnel: a proxy that refuses is told from an upstream that does, without its password") {
  struct Case {
    std::string reply;
    std::string problem;
  };
  const std::vector<Case> cases = {
      {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
       "the proxy wants another user name or password (HTTP 407)"},
      {"HTTP/1.1 403 Forbidden\r\n\r\nno", "the proxy refused the connection (HTTP 403)"},
      {"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy refused the connection (HTTP 502)"},
      {"SSH-2.0-OpenSSH\r\n\r\n", "the proxy does not speak HTTP/1.1"},
      {"HTTP/1.1 200 OK\r\n\r\nmore", "the proxy sends what was not asked for"},
      {"HTTP/1.1 200 O", "the proxy broke off: End of file"},
      {std::string(40'000, 'x'), "the proxy answers at too great a length"},
  };
  for (const auto& each : cases) {
    CAPTURE(each.reply.substr(0, 20));
    const auto called = answered_with(each.reply);
    CHECK(called.result == RequestResult::connect_failed);
    CHECK(called.problem == each.problem);
  }
}

TEST_CASE("tunnel: a silent proxy is cut with the time for connecting; none there is said so") {
  auto target = std::make_shared<net::Target>();
  {
    ScriptedUpstream proxy([](RawSocket& connection, int) {
      connection.request();
      connection.ends();
    });
    target = std::make_shared<net::Target>(*through(proxy));
    target->connect_timeout = 100ms;
    UpstreamRoom room;
    const auto called = room.call(target);
    CHECK(called.result == RequestResult::connect_failed);
    CHECK(called.problem == "the proxy took too long");
  }
  UpstreamRoom room;
  CHECK(room.call(target).problem == "the proxy: Connection refused");
}
