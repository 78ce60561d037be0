#include "lib/net/resolver.hpp"

#include "tests/lib/net/upstream_room.hpp"

#include <boost/asio/co_spawn.hpp>
#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <atomic>
#include <future>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

using namespace nufi;
using namespace nufi::test;
using namespace std::chrono_literals;
using net::RequestResult;
using net::Resolver;

namespace {

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

Resolver::Answer addresses(const std::vector<std::string>& texts) {
  Resolver::Answer answer;
  for (const auto& text : texts) answer.addresses.push_back(net::asio::ip::make_address(text));
  return answer;
}

/// A loop on which names are asked for.
struct Asking {
  Asking() { loop.start(); }
  ~Asking() {
    loop.post([this] { loop.stop(); });
    loop.join();
  }
  std::future<Resolver::Answer> ask(Resolver& resolver, const std::string& host) {
    auto done = std::make_shared<std::promise<Resolver::Answer>>();
    auto question = resolver.ask(host, loop);
    loop.post([this, done, question] {
      net::asio::co_spawn(loop.context(),
                          wait(question),
                          [done](const std::exception_ptr&, Resolver::Answer answer) {
                            done->set_value(std::move(answer));
                          });
    });
    return done->get_future();
  }
  static net::Awaitable<Resolver::Answer> wait(std::shared_ptr<Resolver::Question> question) {
    co_return co_await question->wait();
  }
  net::Loop loop;
};

/// Answers when it is let.
struct Gate {
  std::promise<void> open;
  std::shared_future<void> opened = open.get_future().share();
};

/// What listens on 127.0.0.2 and takes no more connections: who tries to connect gets no answer.
struct Deaf {
  explicit Deaf(std::uint16_t port) {
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, "127.0.0.2", &address.sin_addr);
    sockets.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::bind(sockets[0], reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    REQUIRE(::listen(sockets[0], 0) == 0);
    for (int i = 0; i < 3; ++i) {
      sockets.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(sockets.back(), reinterpret_cast<sockaddr*>(&address), sizeof(address));
    }
  }
  ~Deaf() {
    for (const int socket : sockets) ::close(socket);
  }
  sockaddr_in address{};
  std::vector<int> sockets;
};

ScriptedUpstream::Script ok_each_time() {
  return [](RawSocket& connection, int) {
    while (!connection.request().empty()) connection.send(kOk);
  };
}

/// `upstream` by a name.
std::shared_ptr<net::Target> named(const ScriptedUpstream& upstream) {
  auto target = std::make_shared<net::Target>(*upstream.target());
  target->host = "up.example";
  return target;
}

}  // namespace

TEST_CASE("resolver: who asks for one name at once waits for one look-up") {
  Gate gate;
  std::atomic<int> lookups{0};
  Asking asking;
  Resolver resolver([&](const std::string&) {
    ++lookups;
    gate.opened.wait();
    return addresses({"192.0.2.1"});
  });
  std::vector<std::future<Resolver::Answer>> answers;
  for (int i = 0; i < 20; ++i) answers.push_back(asking.ask(resolver, "a.example"));
  gate.open.set_value();
  for (auto& answer : answers) CHECK(answer.get().addresses.at(0).to_string() == "192.0.2.1");
  CHECK(lookups == 1);
  CHECK(resolver.known("a.example"));
  CHECK(!resolver.known("b.example"));
}

TEST_CASE("resolver: a name that hangs holds up no other") {
  Gate gate;
  Asking asking;
  Resolver resolver([&](const std::string& host) {
    if (host.starts_with("slow")) gate.opened.wait();
    return addresses({"192.0.2.1"});
  });
  std::vector<std::future<Resolver::Answer>> slow;
  for (int i = 0; i < 3; ++i) {
    slow.push_back(asking.ask(resolver, "slow" + std::to_string(i)));
  }
  CHECK(asking.ask(resolver, "fast").get().addresses.size() == 1);
  gate.open.set_value();
  for (auto& answer : slow) CHECK(answer.get().problem.empty());
}

TEST_CASE("resolver: an answer past its time is given at once and asked for anew") {
  std::atomic<int> lookups{0};
  Asking asking;
  Resolver resolver(
      [&](const std::string&) { return addresses({"192.0.2." + std::to_string(++lookups)}); },
      {.threads = 1, .fresh = 0ms, .usable = 60s, .failed = 0ms});
  CHECK(asking.ask(resolver, "a").get().addresses.at(0).to_string() == "192.0.2.1");
  CHECK(resolver.known("a")->addresses.at(0).to_string() == "192.0.2.1");
  CHECK(eventually([&] { return lookups > 1; }));
  CHECK(
      eventually([&] { return resolver.known("a")->addresses.at(0).to_string() != "192.0.2.1"; }));
}

TEST_CASE("resolver: a failure keeps the last good answer, and is not asked for again at once") {
  std::atomic<int> lookups{0};
  Asking asking;
  Resolver resolver(
      [&](const std::string& host) -> Resolver::Answer {
        if (++lookups == 1 && host == "good") return addresses({"192.0.2.1"});
        return {{}, "no such name"};
      },
      {.threads = 1, .fresh = 0ms, .usable = 0ms, .failed = 60s});
  CHECK(asking.ask(resolver, "good").get().addresses.size() == 1);
  CHECK(!resolver.known("good"));
  CHECK(asking.ask(resolver, "good").get().addresses.size() == 1);
  CHECK(asking.ask(resolver, "bad").get().problem == "no such name");
  CHECK(resolver.known("bad")->problem == "no such name");
  CHECK(lookups == 3);
}

TEST_CASE("resolver: what answered is tried first from then on") {
  Asking asking;
  Resolver resolver([](const std::string&) {
    return addresses({"::1", "127.0.0.1", "127.0.0.2"});
  });
  asking.ask(resolver, "a").get();
  resolver.prefer("a", net::asio::ip::make_address("127.0.0.1"));
  const auto known = resolver.known("a")->addresses;
  REQUIRE(known.size() == 3);
  CHECK(known[0].to_string() == "127.0.0.1");
  CHECK(known[1].to_string() == "::1");
}

TEST_CASE("resolver: the system knows this machine") {
  const auto answer = Resolver::system_lookup("localhost");
  REQUIRE(!answer.addresses.empty());
  CHECK(answer.addresses[0].is_loopback());
  CHECK(!Resolver::system_lookup("no-such-host.invalid").problem.empty());
}

TEST_CASE("upstream: a look-up that hangs ends with the time for connecting, or a cancel") {
  Gate gate;
  std::atomic<int> asked{0};
  ScriptedUpstream upstream(ok_each_time());
  auto target = named(upstream);
  UpstreamRoom room([&](const std::string&) {
    ++asked;
    gate.opened.wait();
    return addresses({"127.0.0.1"});
  });
  target->connect_timeout = 100ms;
  const auto called = room.call(target);
  CHECK(called.result == RequestResult::connect_failed);
  CHECK(called.problem == "looking up the address of up.example took too long");
  auto patient = named(upstream);
  auto cancelled = std::async(std::launch::async, [&] { return room.call(patient); });
  CHECK(eventually([&] {
    room.cancel();
    return cancelled.wait_for(1ms) == std::future_status::ready;
  }));
  CHECK(cancelled.get().result == RequestResult::cancelled);
  gate.open.set_value();
  CHECK(room.call(patient).body == "ok");
  CHECK(asked == 1);
}

TEST_CASE("upstream: every address of a name is tried, and the one that answered remembered") {
  ScriptedUpstream upstream([](RawSocket& connection, int) {
    connection.request();
    connection.send(kOk);
  });
  UpstreamRoom room([](const std::string&) {
    return addresses({"::1", "127.0.0.2", "127.0.0.1"});
  });
  CHECK(room.call(named(upstream)).body == "ok");
  CHECK(room.call(named(upstream)).body == "ok");
}

TEST_CASE("upstream: an address that gives no answer leaves time for the next") {
  ScriptedUpstream upstream(ok_each_time());
  const Deaf deaf(upstream.target()->port);
  UpstreamRoom room([](const std::string&) { return addresses({"127.0.0.2", "127.0.0.1"}); });
  auto target = named(upstream);
  target->connect_timeout = 1s;
  CHECK(room.call(target).body == "ok");
  auto only = std::make_shared<net::Target>(*target);
  only->host = "127.0.0.2";
  only->connect_timeout = 100ms;
  const auto called = room.call(only);
  CHECK(called.result == RequestResult::connect_failed);
  CHECK(called.problem == "connecting took too long");
}
