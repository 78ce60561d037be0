#include "lib/net/connection_limit.hpp"

#include "tests/lib/net/upstream_room.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <vector>

using namespace nufi;
using namespace nufi::test;
using namespace std::chrono_literals;
using net::RequestResult;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::shared_ptr<net::Target> limited(const ScriptedUpstream& upstream,
                                     std::chrono::milliseconds turn = 10s) {
  auto target = std::make_shared<net::Target>(*upstream.target());
  target->limit = std::make_shared<net::ConnectionLimit>(1);
  target->turn_timeout = turn;
  return target;
}

std::future<Called> call_beside(UpstreamRoom& room, const std::shared_ptr<net::Target>& target) {
  return std::async(std::launch::async, [&room, target] { return room.call(target); });
}

}  // namespace

TEST_CASE("limit: places are counted and given back") {
  const auto limit = std::make_shared<net::ConnectionLimit>(2);
  auto first = limit->try_take();
  auto second = limit->try_take();
  CHECK(first);
  CHECK(second);
  CHECK(!limit->try_take());
  first = net::ConnectionLimit::Place();
  CHECK(limit->try_take());
  second = limit->try_take();
  CHECK(limit->try_take());
}

TEST_CASE("limit: who waits on the same loop gets the connection itself") {
  std::shared_ptr<net::Target> target;
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    for (int i = 0; !connection.request().empty(); ++i) {
      if (i == 0) eventually([&] { return target->limit->is_awaited(); });
      connection.send(kOk);
    }
  });
  target = limited(upstream);
  UpstreamRoom room;
  auto first = call_beside(room, target);
  REQUIRE(eventually([&] { return upstream.connections == 1; }));
  CHECK(call_beside(room, target).get().body == "ok");
  CHECK(first.get().body == "ok");
  CHECK(upstream.connections == 1);
  CHECK(!target->limit->is_awaited());
}

TEST_CASE("limit: an idle connection of another loop makes room") {
  // It serves one connection at a time, to its end.
  ScriptedUpstream upstream([](RawSocket& connection, int) {
    while (!connection.request().empty()) connection.send(kOk);
  });
  const auto target = limited(upstream);
  UpstreamRoom one;
  UpstreamRoom other;
  for (int i = 0; i < 5; ++i) {
    CHECK(one.call(target).body == "ok");
    CHECK(other.call(target).body == "ok");
  }
  CHECK(upstream.connections == 10);
}

TEST_CASE("limit: all are served in the end, never two at once") {
  ScriptedUpstream upstream([](RawSocket& connection, int) {
    while (!connection.request().empty()) connection.send(kOk);
  });
  const auto target = limited(upstream);
  UpstreamRoom one;
  UpstreamRoom other;
  std::vector<std::future<Called>> calls;
  for (int i = 0; i < 40; ++i) calls.push_back(call_beside(i % 2 == 0 ? one : other, target));
  for (auto& call : calls) CHECK(call.get().body == "ok");
  CHECK(!target->limit->is_awaited());
}

TEST_CASE("limit: who waits too long or hangs up leaves the queue") {
  std::atomic<bool> over{false};
  ScriptedUpstream upstream([&](RawSocket& connection, int) {
    while (!connection.request().empty()) {
      eventually([&] { return over.load(); });
      connection.send(kOk);
    }
  });
  const auto target = limited(upstream, 100ms);
  UpstreamRoom holder;
  UpstreamRoom room;
  auto first = call_beside(holder, target);
  REQUIRE(eventually([&] { return upstream.connections == 1; }));
  const auto late = room.call(target);
  CHECK(late.result == RequestResult::no_turn);
  CHECK(!target->limit->is_awaited());

  auto patient = std::make_shared<net::Target>(*target);
  patient->turn_timeout = 60s;
  auto gone = call_beside(room, patient);
  REQUIRE(eventually([&] { return target->limit->is_awaited(); }));
  room.cancel();
  CHECK(gone.get().result == RequestResult::cancelled);
  CHECK(!target->limit->is_awaited());
  over = true;
  CHECK(first.get().body == "ok");
  CHECK(room.call(target).body == "ok");
}

TEST_CASE("limit: a connection that could not be made gives its place back") {
  auto target = std::make_shared<net::Target>();
  {
    ScriptedUpstream gone([](RawSocket&, int) {});
    target = limited(gone, 0ms);
  }
  UpstreamRoom room;
  for (int i = 0; i < 3; ++i) CHECK(room.call(target).result == RequestResult::connect_failed);
}
