#include "lib/net/body_memory.hpp"

#include "tests/lib/net/door.hpp"

#include <doctest/doctest.h>

#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace nufi;
using namespace nufi::test;
using net::BodyMemory;

namespace {

constexpr std::uint64_t kKiB = 1024;
constexpr std::uint64_t kFree = BodyMemory::kUncounted;

std::string length(std::size_t size) {
  return "Content-Length: " + std::to_string(size) + "\r\n";
}
const std::string kChunked = "Transfer-Encoding: chunked\r\n";
/// Of 90,000 bytes all but the last.
const std::string kNearlyAll(89'999, 'x');

/// A door that can keep two bodies of 90,000 bytes.
net::ServerOptions room_for_two() {
  auto options = Door::small();
  options.max_buffered = 200'000;
  return options;
}

/// A client that has sent all but the last byte of a body.
RawSocket slow_client(const Door& door, const std::string& path = "/echo") {
  auto client = door.connect();
  client.send(post(path, length(90'000), kNearlyAll));
  return client;
}

bool keeps(const Door& door, std::uint64_t bytes) {
  return eventually([&] { return door.server->buffered() == bytes; });
}

}  // namespace

TEST_CASE("body memory: a short text costs nothing, a longer one all that it may have") {
  BodyMemory memory(1024 * kKiB);
  BodyMemory::Share share(memory);
  std::string text;
  CHECK(share.make_room(text, kFree, 500 * kKiB));
  CHECK(memory.used() == 0);
  text.assign(kFree, 'x');
  CHECK(share.make_room(text, 1, 500 * kKiB));
  CHECK(memory.used() == 128 * kKiB);
  CHECK(text.capacity() >= 128 * kKiB);
  // Twice as much each time, but never more than the whole will be.
  text.resize(128 * kKiB);
  CHECK(share.make_room(text, 1, 150 * kKiB));
  CHECK(memory.used() == 150 * kKiB);
  CHECK(share.grow_to(300 * kKiB));
  CHECK(memory.used() == 300 * kKiB);
  CHECK(share.grow_to(10));
  CHECK(memory.used() == 300 * kKiB);
  share.give_back();
  CHECK(memory.used() == 0);
  CHECK(share.grow_to(kFree));
  CHECK(memory.used() == 0);
}

TEST_CASE("body memory: what is not left changes nothing, and comes back with its share") {
  BodyMemory memory(300 * kKiB);
  BodyMemory::Share first(memory);
  {
    BodyMemory::Share second(memory);
    CHECK(second.grow_to(200 * kKiB));
    CHECK_FALSE(first.grow_to(101 * kKiB));
    CHECK_FALSE(second.grow_to(301 * kKiB));
    CHECK_FALSE(first.grow_to(UINT64_MAX));
    CHECK(memory.used() == 200 * kKiB);
    CHECK(first.grow_to(100 * kKiB));
    CHECK(second.grow_to(200 * kKiB));
  }
  CHECK(memory.used() == 100 * kKiB);
  CHECK(first.grow_to(300 * kKiB));
  CHECK_FALSE(first.grow_to(300 * kKiB + 1));
}

TEST_CASE("body memory: threads never take more than there is, and give all of it back") {
  BodyMemory memory(400 * kKiB);
  std::atomic<bool> too_much{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 2'000; ++round) {
        BodyMemory::Share share(memory);
        if (share.grow_to(100 * kKiB)) static_cast<void>(share.grow_to(200 * kKiB));
        if (memory.used() > 400 * kKiB) too_much = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(too_much);
  CHECK(memory.used() == 0);
}

TEST_CASE("body memory: what is refused does not count, whoever is served gives its share back") {
  Door door(room_for_two());
  auto first = slow_client(door);
  auto second = slow_client(door);
  REQUIRE(keeps(door, 180'000));
  const std::string whole = kNearlyAll + "x";
  CHECK(door.refusal(post("/echo", length(90'000), whole)) == 503);
  CHECK(door.refusal(post("/echo", kChunked, "15F90\r\n" + whole + "\r\n0\r\n\r\n")) == 503);
  CHECK(door.server->buffered() == 180'000);
  // Short ones are served, and those that nobody keeps.
  auto third = door.connect();
  third.send(post("/echo", length(60'000), std::string(60'000, 'y')));
  CHECK(third.reply()->status == 200);
  third.send(post("/pieces", length(90'000), whole));
  CHECK(third.reply()->status == 200);
  third.send(post("/unread", ""));
  CHECK(third.reply()->status == 200);
  // The connection goes on, its share is free at the end of the request.
  first.send("x");
  CHECK(first.reply()->status == 200);
  REQUIRE(keeps(door, 90'000));
  third.send(post("/echo", length(90'000), whole));
  const bool is_same = third.reply()->body == whole;
  CHECK(is_same);
  second.send("x");
  CHECK(second.reply()->status == 200);
  CHECK(keeps(door, 0));
}

TEST_CASE("body memory: clients that leave, and bodies that are refused, keep nothing") {
  Door door(room_for_two());
  auto leaver = slow_client(door);
  auto resetter = slow_client(door);
  REQUIRE(keeps(door, 180'000));
  leaver.close();
  resetter.reset();
  CHECK(keeps(door, 0));

  auto chunks = "15F90\r\n" + kNearlyAll + "x";
  CHECK(door.refusal(post("/echo", kChunked, chunks + "XYZ\r\n")) == 400);
  CHECK(keeps(door, 0));
  chunks += "\r\n";
  CHECK(door.refusal(post("/echo", kChunked, chunks + chunks)) == 413);
  CHECK(keeps(door, 0));

  auto options = room_for_two();
  options.body_grace = std::chrono::milliseconds(1);
  options.body_speed = 1'000'000'000;
  Door strict(options);
  auto slow = slow_client(strict);
  CHECK(slow.reply()->status == 408);
  CHECK(keeps(strict, 0));
  auto stopped = slow_client(door);
  REQUIRE(keeps(door, 90'000));
  door.server->stop();
  CHECK(door.server->buffered() == 0);
}
