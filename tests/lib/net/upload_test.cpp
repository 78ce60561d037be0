// Bodies in pieces: read at the door, sent to an upstream.
#include "tests/lib/net/door.hpp"
#include "tests/lib/net/upstream_room.hpp"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using namespace nufi;
using namespace nufi::test;
using net::RequestResult;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Gives its pieces one after the other; then it fails, or has ended with the last.
class ListSource final : public net::BodySource {
 public:
  explicit ListSource(std::vector<std::string> pieces, bool fails = false)
      : pieces_(std::move(pieces)), fails_(fails) {}

  net::Awaitable<Piece> next() override {
    if (at_ == pieces_.size()) co_return Piece{{}, false, true};
    const auto& piece = pieces_[at_++];
    co_return Piece{piece, at_ == pieces_.size() && !fails_, false};
  }
  void interrupt() override { ++interrupted; }

  int interrupted = 0;

 private:
  const std::vector<std::string> pieces_;
  const bool fails_;
  std::size_t at_ = 0;
};

/// What an upstream gets of `pieces`, and what became of the call.
std::pair<std::string, Called> sent(ListSource& source, bool chunked, std::size_t length) {
  std::string seen;
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    seen = connection.request();
    if (!seen.empty()) connection.send(kOk);
  });
  CallOptions options;
  options.head = "POST / HTTP/1.1\r\nContent-Length: " + std::to_string(length) + "\r\n\r\n";
  options.source = &source;
  options.chunked = chunked;
  UpstreamRoom room;
  const auto called = room.call(upstream.target(), options);
  CHECK(eventually([&] { return upstream.finished == 1; }));
  return {seen, called};
}

}  // namespace

TEST_CASE("upload: a body is read in pieces, whatever its framing") {
  Door door;
  auto client = door.connect();
  const std::string body(90'000, 'x');
  client.send(post("/pieces", "Content-Length: 90000\r\n", body));
  const bool is_same = client.reply()->body == "90000:interrupted:" + body;
  CHECK(is_same);
  client.send(
      post("/pieces", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
  CHECK(client.reply()->body == "0:interrupted:abcde");
  client.send(post("/pieces", "Content-Length: 0\r\n"));
  CHECK(client.reply()->body == "0:");
  // The next request is where it should be.
  client.send(post("/echo", "Content-Length: 2\r\n", "hi"));
  CHECK(client.reply()->body == "hi");
}

TEST_CASE("upload: what can't be read ends the pieces") {
  Door door;
  CHECK(door.refusal(post("/pieces", "Content-Length: 100001\r\n")) == 413);
  CHECK(door.refusal(post("/pieces", "Transfer-Encoding: chunked\r\n", "3\r\nabcXYZ\r\n")) == 400);
  auto client = door.connect();
  client.send(post("/pieces", "Content-Length: 10\r\n", "12345"));
  client.close();
  CHECK(eventually([&] { return door.gone == 1; }));
}

TEST_CASE("upload: pieces go out as they come, with a length or in chunks") {
  ListSource counted({"one", "", "two"});
  const auto [plain, first] = sent(counted, /*chunked=*/false, 6);
  CHECK(first.body == "ok");
  CHECK(plain.ends_with("\r\n\r\nonetwo"));
  // The script reads by length: 5 bytes of framing more for each piece, and for the end.
  ListSource pieces({"one", "", "two"});
  const auto [chunks, second] = sent(pieces, /*chunked=*/true, 21);
  CHECK(second.body == "ok");
  CHECK(chunks.ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
}

TEST_CASE("upload: a source that fails ends the request before it is whole") {
  ListSource source({"one", "two"}, /*fails=*/true);
  const auto [seen, called] = sent(source, /*chunked=*/false, 9);
  CHECK(called.result == RequestResult::unfinished);
  CHECK(seen.empty());
}

TEST_CASE("upload: an early reply ends the sending, and the connection is not kept") {
  ScriptedUpstream upstream([](RawSocket& connection, int number) {
    if (number == 0) connection.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    if (number == 1) {
      connection.request();
      connection.send(kOk);
    }
  });
  UpstreamRoom room;
  // Far more than the kernel takes of somebody who does not read.
  ListSource source(std::vector<std::string>(2'000, std::string(64'000, 'x')));
  CallOptions options;
  options.head = "POST / HTTP/1.1\r\nContent-Length: 128000000\r\n\r\n";
  options.source = &source;
  const auto called = room.call(upstream.target(), options);
  CHECK(called.status == 413);
  CHECK(called.body == "no");
  CHECK(room.call(upstream.target()).body == "ok");
  CHECK(upstream.connections == 2);
}
