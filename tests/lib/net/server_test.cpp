#include "lib/net/server.hpp"

#include "lib/base/error.hpp"
#include "tests/lib/net/door.hpp"

#include <doctest/doctest.h>

#include <future>
#include <string>
#include <thread>

using namespace nufi;
using namespace nufi::test;
using namespace std::chrono_literals;

namespace {

const std::string kGet = "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string length(std::size_t size) {
  return "Content-Length: " + std::to_string(size) + "\r\n";
}
const std::string kChunked = "Transfer-Encoding: chunked\r\n";

}  // namespace

TEST_CASE("server: a connection is kept alive") {
  Door door;
  auto client = door.connect();
  for (int i = 0; i < 3; ++i) {
    client.send(post("/echo", length(5), "hello"));
    const auto reply = client.reply();
    REQUIRE(reply);
    CHECK(reply->status == 200);
    CHECK(reply->body == "hello");
    CHECK(reply->head.find("Connection:") == std::string::npos);
  }
}

TEST_CASE("server: a connection is closed when the client asks for it") {
  Door door;
  auto client = door.connect();
  client.send(post("/echo", "Connection: close\r\n" + length(2), "hi"));
  const auto reply = client.reply();
  REQUIRE(reply);
  CHECK(reply->body == "hi");
  CHECK(reply->head.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(client.ends());
}

TEST_CASE("server: requests sent at once are answered in turn") {
  Door door;
  auto client = door.connect();
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += post("/echo", length(4), std::to_string(1000 + i));
    all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    auto reply = client.reply();
    REQUIRE(reply);
    REQUIRE(reply->body == std::to_string(1000 + i));
    reply = client.reply();
    REQUIRE(reply);
    REQUIRE(reply->body == "GET /" + std::to_string(i));
  }
}

TEST_CASE("server: a request is understood however it is cut") {
  Door door;
  const auto bytes =
      post("/echo", kChunked, "5;name=\"x\"\r\nhello\r\n00001\r\n!\r\n0\r\nX-Trailer: 1\r\n\r\n");
  for (std::size_t step : {1, 2, 3, 7, 64}) {
    CAPTURE(step);
    auto client = door.connect();
    for (std::size_t at = 0; at < bytes.size(); at += step) client.send(bytes.substr(at, step));
    const auto reply = client.reply();
    REQUIRE(reply);
    CHECK(reply->body == "hello!");
  }
}

TEST_CASE("server: the last chunk may come byte by byte, with or without others before it") {
  Door door;
  for (const auto* chunks : {"0\r\n\r\n", "1\r\na\r\n0\r\n\r\n", "000;x\r\nX: y\r\n\r\n"}) {
    CAPTURE(chunks);
    auto client = door.connect();
    client.send(post("/echo", kChunked));
    for (const char c : std::string(chunks)) {
      client.send(std::string(1, c));
      std::this_thread::yield();
    }
    CHECK(client.reply());
  }
}

TEST_CASE("server: bodies of many sizes come whole, with a length and in chunks") {
  Door door;
  auto client = door.connect();
  for (const std::size_t size : {0, 1, 2047, 2048, 2049, 8192, 65'535, 65'536, 99'999, 100'000}) {
    CAPTURE(size);
    std::string body;
    for (std::size_t i = 0; i < size; ++i) body.push_back(static_cast<char>('a' + i % 26));
    client.send(post("/echo", length(size), body));
    auto reply = client.reply();
    REQUIRE(reply);
    REQUIRE(reply->body == body);
    std::string chunks;
    for (std::size_t at = 0; at < size; at += 777) {
      const auto chunk = body.substr(at, 777);
      char head[16];
      std::snprintf(head, sizeof(head), "%zX\r\n", chunk.size());
      chunks += head + chunk + "\r\n";
    }
    client.send(post("/echo", kChunked, chunks + "0\r\n\r\n"));
    reply = client.reply();
    REQUIRE(reply);
    REQUIRE(reply->body == body);
  }
}

TEST_CASE("server: Expect is answered before the body is read") {
  Door door;
  auto client = door.connect();
  client.send(post("/echo", "Expect: 100-continue\r\n" + length(4)));
  auto reply = client.reply();
  REQUIRE(reply);
  CHECK(reply->head == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("late");
  reply = client.reply();
  REQUIRE(reply);
  CHECK(reply->body == "late");
}

TEST_CASE("server: a body that is not wanted is not asked for") {
  Door door;
  auto client = door.connect();
  client.send(post("/echo", "Expect: 100-continue\r\n" + length(1'000'000)));
  auto reply = client.reply();
  REQUIRE(reply);
  CHECK(reply->status == 413);
  CHECK(client.ends());
}

TEST_CASE("server: a reply of unknown length is chunked") {
  Door door;
  auto client = door.connect();
  for (int i = 0; i < 2; ++i) {
    client.send(post("/stream", length(0)));
    const auto reply = client.reply();
    REQUIRE(reply);
    CHECK(reply->body == "one two three");
    CHECK(reply->head.find("\r\nTransfer-Encoding: chunked\r\n") != std::string::npos);
  }
}

TEST_CASE("server: HTTP/1.0 gets no chunks, the end of the connection ends the body") {
  Door door;
  auto client = door.connect();
  client.send("GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
  const auto reply = client.reply(/*to_eof=*/true);
  REQUIRE(reply);
  CHECK(reply->body == "one two three");
  CHECK(reply->head.find("chunked") == std::string::npos);
}

TEST_CASE("server: a reply to HEAD has a length and no body") {
  Door door;
  auto client = door.connect();
  client.send("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n" + kGet);
  const auto reply = client.reply(/*to_eof=*/false, /*bodyless=*/true);
  REQUIRE(reply);
  CHECK(reply->head.find("\r\nContent-Length: 7\r\n") != std::string::npos);
  CHECK(client.reply()->body == "GET /x");
}

TEST_CASE("server: a body that was not read closes the connection") {
  Door door;
  CHECK(door.refusal(post("/unread", length(5), "hello") + kGet) == 200);
  CHECK(door.refusal(post("/unread", kChunked, "5\r\nhello\r\n0\r\n\r\n") + kGet) == 200);
  CHECK(door.calls == 2);
}

TEST_CASE("server: a handler without a reply closes the connection") {
  Door door;
  auto client = door.connect();
  client.send("GET /silent HTTP/1.1\r\nHost: localhost\r\n\r\n");
  CHECK(client.ends());
}

TEST_CASE("server: a body that is too large is refused while the client still sends") {
  Door door;
  for (const bool chunked : {false, true}) {
    CAPTURE(chunked);
    auto client = door.connect();
    client.send(post("/echo", chunked ? kChunked + "X-A: b\r\n" : length(50'000'000)));
    if (chunked) client.send("2faf080\r\n");
    const std::string piece(10'000, 'x');
    REQUIRE(eventually([&] {
      client.try_send(piece);
      return client.is_readable();
    }));
    for (int i = 0; i < 20; ++i) client.try_send(piece);
    const auto reply = client.reply();
    REQUIRE(reply);
    CHECK(reply->status == 413);
    CHECK(reply->body == "refused");
    CHECK(reply->head.find("\r\nConnection: close\r\n") != std::string::npos);
  }
}

TEST_CASE("server: a client that leaves is noticed while its call runs") {
  Door door;
  for (const std::string& extra : {std::string(), kGet, std::string("G")}) {
    CAPTURE(extra);
    const int before = door.gone;
    auto client = door.connect();
    client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
    REQUIRE(eventually([&] { return door.waiting == 1; }));
    if (!extra.empty()) client.send(extra);
    client.close();
    CHECK(eventually([&] { return door.gone == before + 1 && door.waiting == 0; }));
  }
  CHECK(eventually([&] { return door.server->connections() == 0; }));
}

TEST_CASE("server: a client that leaves in the middle of its body is noticed") {
  Door door;
  auto client = door.connect();
  client.send(post("/echo", length(100), "half"));
  client.close();
  CHECK(eventually([&] { return door.gone == 1; }));
}

TEST_CASE("server: a request that comes during a call is served after it") {
  Door door;
  auto client = door.connect();
  client.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(eventually([&] { return door.waiting == 1; }));
  for (int i = 0; i < 3; ++i) client.send(kGet);
  door.release();
  CHECK(client.reply()->body == "released");
  for (int i = 0; i < 3; ++i) CHECK(client.reply()->body == "GET /x");
}

TEST_CASE("server: draining closes what is idle and lets a running call end") {
  Door door;
  auto idle = door.connect();
  idle.send(kGet);
  REQUIRE(idle.reply());
  auto half = door.connect();
  half.send("GET /x HT");
  auto busy = door.connect();
  busy.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(eventually([&] { return door.waiting == 1; }));
  bool ended = false;
  std::thread drainer([&] { ended = door.server->drain(10s); });
  CHECK(idle.ends());
  CHECK(half.ends());
  auto late = door.connect();
  late.send(kGet);
  const auto no = late.reply();
  REQUIRE(no);
  CHECK(no->head.starts_with("HTTP/1.1 503 "));
  CHECK(no->body.find("shutting_down") != std::string::npos);
  CHECK(late.ends());
  door.release();
  const auto reply = busy.reply();
  drainer.join();
  REQUIRE(reply);
  CHECK(reply->body == "released");
  CHECK(reply->head.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(busy.ends());
  CHECK(ended);
}

TEST_CASE("server: a drain that takes too long says so, an abort ends it") {
  Door door;
  auto busy = door.connect();
  busy.send("GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
  REQUIRE(eventually([&] { return door.waiting == 1; }));
  CHECK_FALSE(door.server->drain(20ms));
  door.server->abort();
  CHECK(busy.ends());
  CHECK(door.server->drain(10s));
  CHECK(door.gone == 1);
}

TEST_CASE("server: one connection too many is turned away") {
  auto options = Door::small();
  options.max_connections = 1;
  Door door(options);
  auto first = door.connect();
  first.send(kGet);
  REQUIRE(first.reply());
  auto second = door.connect();
  const auto reply = second.reply();
  REQUIRE(reply);
  CHECK(reply->status == 503);
  CHECK(reply->head.find("\r\nRetry-After: 1\r\n") != std::string::npos);
  CHECK(reply->body.starts_with("overloaded: "));
  first.send(kGet);
  CHECK(first.reply());
}

TEST_CASE("server: its loops answer while they live, and not while one hangs") {
  auto options = Door::small();
  options.loops = 2;
  Door door(options);
  CHECK(door.server->loops_answer(10s));
  std::promise<void> go_on;
  const auto hangs = go_on.get_future().share();
  door.server->each_loop([hangs](std::size_t loop) {
    if (loop == 1) hangs.wait();
  });
  CHECK_FALSE(door.server->loops_answer(20ms));
  go_on.set_value();
  CHECK(door.server->loops_answer(10s));
}

TEST_CASE("server: an address that is taken is refused with the way out") {
  Door door;
  net::Server other({}, nullptr, nullptr);
  CHECK_THROWS_AS(other.listen("127.0.0.1", door.server->port()), Error);
  CHECK_THROWS_AS(other.listen("not an address", 0), Error);
}
