#include "tests/lib/net/door.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::test;
using namespace std::chrono_literals;
using namespace std::string_literals;

namespace {

std::string get(const std::string& fields, const std::string& target = "/x") {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}
std::string chunked(const std::string& text) {
  return post("/echo", "Transfer-Encoding: chunked\r\n", text);
}

}  // namespace

TEST_CASE(
    "strict: a head two readers could read differently is refused and the connection closed") {
  Door door;
  for (const auto& bytes :
       {"GET /x HTTP/1.1\nHost: localhost\n\n"s,                   // bare LF
        "GET /x HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n"s,       // bare LF between fields
        "GET /x HTTP/1.1\r\nHost: localhost\r\nX: a\rb\r\n\r\n"s,  // bare CR
        get("X: a\r\n b\r\n"),
        get("X: a\r\n\tb\r\n"),  // folded lines
        get(" X: a\r\n"),
        get("X: a\0b\r\n"s),
        get("X: a\x01\r\n"),
        get("X: \x7f\r\n"),
        get("X\0: a\r\n"s),
        get("X : a\r\n"),
        get(": a\r\n"),
        get("X\r\n"),
        get("X Y: a\r\n"),
        get("", "/a\x7f"),
        get("", "/a\0"s),
        get("", "/a b"),
        "GET /x HTTP/1.1\r\n\r\n"s,
        "GET /x HTTP/1.1\r\nX: y\r\n\r\n"s,  // no Host
        get("Host: localhost\r\n"),
        get("host: other\r\n"),  // two
        get("", "http://other/x"),
        get("", "http://localhost:80/x"),
        get("", "http://a@localhost/x"),
        get("", "http:///x"),
        get("", "https://localhost/x"),
        get("", "/x#y"),
        get("", "localhost:80"),
        get("", "*"),
        get("", "x"),
        "CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"s,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"s,
        "GET /x\r\n\r\n"s,
        "GET /x HTTP/0.9\r\nHost: a\r\n\r\n"s,
        "GET /x HTTP/2.0\r\nHost: a\r\n\r\n"s,
        "GET /x HTTP/1.2\r\nHost: a\r\n\r\n"s,
        "GET /x http/1.1\r\nHost: a\r\n\r\n"s,
        "GET  /x HTTP/1.1\r\nHost: a\r\n\r\n"s,
        "GET /x HTTP/1.1 \r\nHost: a\r\n\r\n"s,
        " GET /x HTTP/1.1\r\nHost: a\r\n\r\n"s,
        "G(T /x HTTP/1.1\r\nHost: a\r\n\r\n"s,
        "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"s}) {
    CAPTURE(bytes);
    CHECK(door.refusal(bytes) == 400);
  }
  CHECK(door.calls == 0);
}

TEST_CASE("strict: a body whose length two readers could read differently is refused") {
  Door door;
  for (const auto* fields : {"Content-Length: 5\r\nContent-Length: 5\r\n",
                             "Content-Length: 5\r\nContent-Length: 6\r\n",
                             "Content-Length: 5, 5\r\n",
                             "Content-Length: +5\r\n",
                             "Content-Length: -5\r\n",
                             "Content-Length: 0x5\r\n",
                             "Content-Length: 5 \t5\r\n",
                             "Content-Length: \r\n",
                             "Content-Length: 99999999999999999999999\r\n",
                             "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                             "Transfer-Encoding: identity\r\n",
                             "Transfer-Encoding: gzip, chunked\r\n",
                             "Transfer-Encoding: chunked, gzip\r\n",
                             "Transfer-Encoding: chunked, chunked\r\n",
                             "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                             "Transfer-Encoding: xchunked\r\n",
                             "Transfer-Encoding: \"chunked\"\r\n",
                             "Transfer-Encoding: \r\n",
                             "Transfer-Encoding: chunked;q=1\r\n",
                             "Transfer-Encoding : chunked\r\n",
                             "Transfer-Encoding:\x0b"
                             "chunked\r\n"}) {
    CAPTURE(fields);
    CHECK(door.refusal(post("/echo", fields, "5\r\nhello\r\n0\r\n\r\n")) == 400);
  }
  CHECK(door.refusal(
            "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") ==
        400);
  CHECK(door.calls == 0);
}

TEST_CASE("strict: bad chunks are refused") {
  Door door;
  for (const auto& text : {"x\r\nhello\r\n0\r\n\r\n"s,
                           "-5\r\nhello\r\n0\r\n\r\n"s,
                           "0x5\r\nhello\r\n0\r\n\r\n"s,
                           "5\r\nhelloX\r\n0\r\n\r\n"s,
                           "5\r\nhello0\r\n\r\n"s,
                           "\r\nhello\r\n"s,
                           "ffffffffffffffffffff\r\nhello"s,
                           "10000000000000005\r\nhello\r\n0\r\n\r\n"s,
                           "5 5\r\nhello\r\n0\r\n\r\n"s,
                           "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n"s}) {
    CAPTURE(text);
    CHECK(door.refusal(chunked(text)) == 400);
  }
  CHECK(door.refusal(chunked("5;" + std::string(200'000, 'x') + "\r\nhello\r\n0\r\n\r\n")) == 400);
}

TEST_CASE("strict: a bare line feed ends no chunk line") {
  auto options = Door::small();
  options.body_grace = 100ms;
  options.body_speed = 1'000'000;
  Door door(options);
  for (const auto* text :
       {"5\nhello\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\r\nhello\r\n0\n\n"}) {
    CAPTURE(text);
    const int status = door.refusal(chunked(text));
    CHECK((status == 400 || status == 408));
  }
}

TEST_CASE("strict: a head that is too long is 431, a target 414") {
  Door door;
  CHECK(door.refusal(get("X: " + std::string(70'000, 'a') + "\r\n")) == 431);
  CHECK(door.refusal("GET /x HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(70'000, 'a')) ==
        431);
  CHECK(door.refusal(get("", "/" + std::string(8'192, 'a'))) == 414);
  CHECK(door.refusal("GET /" + std::string(20'000, 'a')) == 414);
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "X-" + std::to_string(i) + ": a\r\n";
  CHECK(door.refusal(get(fields + "Connection: close\r\n")) == 431);
  CHECK(door.calls == 0);
}

TEST_CASE("strict: what is just within the limits is served") {
  Door door;
  CHECK(door.refusal(get("Connection: close\r\nX: " + std::string(60'000, 'a') + "\r\n")) == 200);
  CHECK(door.refusal(get("Connection: close\r\n", "/" + std::string(8'191, 'a'))) == 200);
  std::string fields;
  for (int i = 0; i < 98; ++i) fields += "X-" + std::to_string(i) + ": a\r\n";
  CHECK(door.refusal(get(fields + "Connection: close\r\n")) == 200);
}

TEST_CASE("strict: a slow head is 408, an idle connection is closed without a word") {
  auto options = Door::small();
  options.head_time = 100ms;
  options.idle_time = 100ms;
  Door door(options);
  CHECK(door.refusal("GET /x HTTP/1.1\r\nHo") == 408);
  CHECK(door.refusal("") == 0);
  auto client = door.connect();
  client.send(get(""));
  REQUIRE(client.reply());
  CHECK(client.ends());
}

TEST_CASE("strict: a body slower than the least speed is 408") {
  auto options = Door::small();
  options.body_grace = 100ms;
  options.body_speed = 1'000'000;
  Door door(options);
  CHECK(door.refusal(post("/echo", "Content-Length: 100\r\n", "slow")) == 408);
}

TEST_CASE("strict: empty lines before a request do not hide what follows them") {
  Door door;
  CHECK(door.refusal("\r\nGET /x HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n") == 400);
  CHECK(door.calls == 0);
}

TEST_CASE("strict: a target in absolute form is its path, if its host is the one of Host") {
  Door door;
  const std::string fields = "Connection: close\r\n";
  for (const auto* target : {"http://localhost/x?y", "HTTP://LOCALHOST/x", "http://localhost"}) {
    CAPTURE(target);
    CHECK(door.refusal(get(fields, target)) == 200);
  }
  auto client = door.connect();
  client.send(get(fields, "http://localhost/x?y=http://a/b"));
  const auto reply = client.reply();
  REQUIRE(reply);
  CHECK(reply->body == "GET /x?y=http://a/b");
}

TEST_CASE("strict: up to two empty lines before a request are passed over, no more") {
  Door door;
  const auto request = get("Connection: close\r\n");
  CHECK(door.refusal("\r\n" + request) == 200);
  CHECK(door.refusal("\r\n\r\n" + request) == 200);
  CHECK(door.refusal("\r\n\r\n\r\n" + request) == 400);
  auto client = door.connect();
  client.send("\r");
  client.send("\n" + get(""));
  CHECK(client.reply());
  client.send("\r\n" + get(""));
  CHECK(client.reply());
}

TEST_CASE("strict: a line without a version is refused when it is there, not when it is late") {
  Door door;
  for (const auto* bytes :
       {"GET /x\r\n", "GET\r\n", "x\r\nHost: localhost\r\n", "GET /x HTTP\r\n"}) {
    CAPTURE(bytes);
    CHECK(door.refusal(bytes) == 400);
  }
}

TEST_CASE("strict: chunks that carry little but themselves are refused, small ones are not") {
  Door door;
  std::string chunks;
  for (int i = 0; i < 1'000; ++i) chunks += "1\r\na\r\n";
  CHECK(door.refusal(post("/echo",
                          "Transfer-Encoding: chunked\r\nConnection: close\r\n",
                          chunks + "0\r\n\r\n")) == 200);
  chunks.clear();
  for (int i = 0; i < 1'000; ++i) chunks += "1;" + std::string(500, 'x') + "\r\na\r\n";
  CHECK(door.refusal(chunked(chunks)) == 400);
  std::string trailers;
  for (int i = 0; i < 100; ++i) trailers += "X-A: " + std::string(500, 'x') + "\r\n";
  CHECK(door.refusal(chunked("1\r\na\r\n0\r\n" + trailers + "\r\n")) == 400);
}

TEST_CASE("strict: trailers are read and dropped, those that frame a message are refused") {
  Door door;
  const std::string close = "Connection: close\r\nTransfer-Encoding: chunked\r\n";
  const auto with = [&](const std::string& trailer) {
    return door.refusal(post("/echo", close, "1\r\na\r\n0\r\n" + trailer + "\r\n"));
  };
  CHECK(with("") == 200);
  CHECK(with("X-Checksum: abc\r\n") == 200);
  CHECK(with("Authorization: Bearer x\r\n") == 200);
  CHECK(with("Content-Length: 5\r\n") == 400);
  CHECK(with("Transfer-Encoding: chunked\r\n") == 400);
  CHECK(with("X: a\nY: b\r\n") == 400);
  CHECK(with("X: a\rY: b\r\n") == 400);
  CHECK(with("X Y: a\r\n") == 400);
}
