#include "tests/lib/net/upstream_room.hpp"

#include <doctest/doctest.h>

#include <mutex>
#include <string>
#include <thread>
#include <vector>

using namespace nufi;
using namespace nufi::test;
using namespace std::chrono_literals;
using net::RequestResult;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Replies to each connection's first request with `reply` and closes.
ScriptedUpstream::Script once(const std::string& reply) {
  return [reply](RawSocket& connection, int) {
    connection.request();
    connection.send(reply);
  };
}

Called reply_to(const std::string& reply) {
  ScriptedUpstream upstream(once(reply));
  UpstreamRoom room;
  return room.call(upstream.target());
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 1000) % 26);
  return text;
}

}  // namespace

TEST_CASE("upstream: a kept-alive connection carries the next call") {
  std::atomic<int> requests{0};
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    while (!connection.request().empty()) {
      ++requests;
      connection.send(kOk);
    }
  });
  UpstreamRoom room;
  const auto first = room.call(upstream.target());
  CHECK(first.status == 200);
  CHECK(first.body == "ok");
  CHECK(first.end);
  CHECK(first.connect_us > 0);
  for (int i = 0; i < 5; ++i) {
    const auto next = room.call(upstream.target());
    CHECK(next.body == "ok");
    CHECK(next.connect_us == 0);
  }
  CHECK(upstream.connections == 1);
  CHECK(requests == 6);
}

TEST_CASE("upstream: what went out is head and body, byte for byte") {
  std::string seen;
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    seen = connection.request();
    connection.send(kOk);
  });
  CallOptions options;
  options.body = pattern(300'000);
  options.head = "POST / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n";
  UpstreamRoom room;
  CHECK(room.call(upstream.target(), options).body == "ok");
  CHECK(eventually([&] { return upstream.finished == 1; }));
  CHECK(seen == options.head + options.body);
}

TEST_CASE("upstream: a connection that was closed while idle is replaced unseen") {
  ScriptedUpstream upstream(once(kOk));
  UpstreamRoom room;
  for (int i = 0; i < 5; ++i) {
    const auto called = room.call(upstream.target());
    REQUIRE(called.result == RequestResult::answered);
    REQUIRE(called.body == "ok");
    REQUIRE(eventually([&] { return upstream.finished == i + 1; }));
  }
  CHECK(upstream.connections == 5);
}

TEST_CASE("upstream: a request that was read is never sent again, however the connection ends") {
  for (const bool reset : {false, true}) {
    CAPTURE(reset);
    for (int turn = 0; turn < 20; ++turn) {
      std::atomic<int> requests{0};
      ScriptedUpstream upstream([&](RawSocket& connection, int number) {
        if (connection.request().empty()) return;
        ++requests;
        connection.send(kOk);
        if (number > 0) return;
        if (connection.request().empty()) return;
        ++requests;
        if (reset) connection.reset();
      });
      UpstreamRoom room;
      REQUIRE(room.call(upstream.target()).body == "ok");
      const auto second = room.call(upstream.target());
      REQUIRE(requests == 2);
      REQUIRE(second.result == RequestResult::broken);
      REQUIRE(upstream.connections == 1);
    }
  }
}

TEST_CASE("upstream: a fresh connection that closes without a reply is broken, not tried again") {
  ScriptedUpstream upstream([](RawSocket& connection, int) { connection.request(); });
  UpstreamRoom room;
  const auto called = room.call(upstream.target());
  CHECK(called.result == RequestResult::broken);
  CHECK(called.problem == "the connection closed without a reply");
  CHECK(upstream.connections == 1);
}

TEST_CASE("upstream: replies in every framing are read") {
  auto called = reply_to(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nX-T: "
      "1\r\n\r\n");
  CHECK(called.body == "abcdefg");
  CHECK(called.end);
  called = reply_to("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nuntil the end");
  CHECK(called.body == "until the end");
  CHECK(called.end);
  called = reply_to("HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold");
  CHECK(called.body == "old");
  called = reply_to("HTTP/1.1 204 No Content\r\n\r\n");
  CHECK(called.status == 204);
  CHECK(called.body.empty());
  CHECK(called.end);
  called = reply_to("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  CHECK(called.end);
}

TEST_CASE("upstream: interim replies are passed over") {
  const auto called =
      reply_to("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + kOk);
  CHECK(called.status == 200);
  CHECK(called.body == "ok");
}

TEST_CASE("upstream: a reply is read however it is cut") {
  const std::string reply =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    connection.request();
    for (const char c : reply) connection.send(std::string_view(&c, 1));
  });
  UpstreamRoom room;
  CHECK(room.call(upstream.target()).body == "abcde");
}

TEST_CASE("upstream: a connection is not kept when either side says so, or sends too much") {
  for (const std::string& reply :
       {std::string("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
        std::string("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"),
        kOk + "HTTP/1.1 200 OK\r\n\r\n"}) {
    CAPTURE(reply);
    ScriptedUpstream upstream([&](RawSocket& connection, int) {
      connection.request();
      connection.send(reply);
      connection.ends();
    });
    UpstreamRoom room;
    CHECK(room.call(upstream.target()).body == "ok");
    CHECK(room.call(upstream.target()).body == "ok");
    CHECK(upstream.connections == 2);
  }
}

TEST_CASE("upstream: what is not a reply is broken") {
  for (const auto* reply :
       {"garbage\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    CAPTURE(reply);
    const auto called = reply_to(reply);
    CHECK(called.result == RequestResult::broken);
    CHECK_FALSE(called.problem.empty());
  }
  CHECK(reply_to("HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'a')).result ==
        RequestResult::broken);
}

TEST_CASE("upstream: a body that breaks off is not taken for whole") {
  for (const auto* reply :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"}) {
    CAPTURE(reply);
    const auto called = reply_to(reply);
    CHECK(called.status == 200);
    CHECK(called.body == "ab");
    CHECK_FALSE(called.end);
  }
}

TEST_CASE("upstream: what stands in front of a broken part is read, also when both come at once") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const auto called = reply_to(head + "3\r\nabc\r\nzz\r\n");
  CHECK(called.result == RequestResult::answered);
  CHECK(called.status == 200);
  CHECK(called.body == "abc");
  CHECK(!called.end);
  CHECK(reply_to(head + "zz\r\n").result == RequestResult::answered);
}

TEST_CASE("upstream: ten megabytes pass, with a length, in chunks and to the end") {
  const auto body = pattern(10'000'000);
  CHECK(reply_to("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + body).body == body);
  CHECK(reply_to("HTTP/1.1 200 OK\r\n\r\n" + body).body == body);
  std::string chunks;
  for (std::size_t at = 0; at < body.size(); at += 50'000)
    chunks += "c350\r\n" + body.substr(at, 50'000) + "\r\n";
  CHECK(reply_to("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n")
            .body == body);
}

TEST_CASE("upstream: silence is a timeout, before the reply and within it") {
  ScriptedUpstream upstream([](RawSocket& connection, int number) {
    connection.request();
    if (number == 1) connection.send("HTTP/1.1 200 OK\r\nConte");
    if (number == 2) connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
    connection.ends();
  });
  CallOptions options;
  options.first_byte = options.idle = 300ms;
  UpstreamRoom room;
  CHECK(room.call(upstream.target(), options).result == RequestResult::timed_out);
  CHECK(room.call(upstream.target(), options).result == RequestResult::timed_out);
  const auto stalled = room.call(upstream.target(), options);
  CHECK(stalled.body == "ab");
  CHECK_FALSE(stalled.end);
}

TEST_CASE("upstream: a kept-alive connection that is silent is a timeout, not sent again") {
  std::atomic<int> requests{0};
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    connection.request();
    ++requests;
    connection.send(kOk);
    connection.request();
    ++requests;
    connection.ends();
  });
  CallOptions options;
  options.first_byte = 300ms;
  UpstreamRoom room;
  REQUIRE(room.call(upstream.target(), options).body == "ok");
  CHECK(room.call(upstream.target(), options).result == RequestResult::timed_out);
  CHECK(upstream.connections == 1);
  CHECK(requests == 2);
}

TEST_CASE("upstream: nobody there is told from a broken call") {
  auto nowhere = std::make_shared<net::Target>();
  {
    ScriptedUpstream gone(once(kOk));
    *nowhere = *gone.target();
  }
  UpstreamRoom room;
  const auto called = room.call(nowhere);
  CHECK(called.result == RequestResult::connect_failed);
  CHECK(called.problem == "Connection refused");
  auto unknown = std::make_shared<net::Target>();
  unknown->host = "no-such-host.invalid";
  unknown->port = 80;
  CHECK(room.call(unknown).result == RequestResult::connect_failed);
}

TEST_CASE("upstream: a cancel closes the connection at once, before the reply and within it") {
  UpstreamRoom room;
  std::atomic<int> ended{0};
  ScriptedUpstream upstream([&](RawSocket& connection, int number) {
    connection.request();
    if (number == 1) connection.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
    if (number == 0) room.cancel();
    if (connection.ends()) ++ended;
  });
  CHECK(room.call(upstream.target()).result == RequestResult::cancelled);
  CallOptions options;
  options.on_head = [&] { room.cancel(); };
  const auto called = room.call(upstream.target(), options);
  CHECK(called.status == 200);
  CHECK_FALSE(called.end);
  CHECK(eventually([&] { return ended == 2; }));
}

TEST_CASE("upstream: a reply that comes before the request was sent is not waited out") {
  const std::string reply = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig";
  for (const bool closes : {true, false}) {
    CAPTURE(closes);
    std::atomic<bool> over{false};
    ScriptedUpstream upstream([&](RawSocket& connection, int) {
      connection.send(reply);
      if (!closes) eventually([&] { return over.load(); });
    });
    CallOptions options;
    options.head = "POST / HTTP/1.1\r\nContent-Length: 30000000\r\n\r\n";
    options.body = pattern(30'000'000);
    options.first_byte = 5s;
    UpstreamRoom room;
    const auto called = room.call(upstream.target(), options);
    over = true;
    CHECK(called.status == 413);
    CHECK(called.body == "big");
    // Half a request was sent on it: it can't carry another.
    options.body = "{}";
    options.head = "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n";
    CHECK(room.call(upstream.target(), options).status == 413);
    CHECK(upstream.connections == 2);
  }
}
