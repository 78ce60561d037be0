// What a settlement's word is worth when the journal's file fails: its descriptors are exchanged
// for devices that refuse to write (/dev/full) or to sync (/dev/zero).

#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

#include <array>
#include <fcntl.h>
#include <filesystem>
#include <thread>
#include <unistd.h>

namespace nufi::ledger {
namespace {

using namespace std::chrono_literals;

/// Exchanges every open file of the journal that has records.
void exchange_journal(House& house, const char* device) {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const auto target = std::filesystem::read_symlink(entry.path(), gone);
    if (gone || target.parent_path() != house.directory.path() / "journal") continue;
    const int fd = std::stoi(entry.path().filename().string());
    std::array<char, 8> magic{};
    if (::pread(fd, magic.data(), magic.size(), 0) == 8 && magic[0] == 'n') found.push_back(fd);
  }
  REQUIRE_FALSE(found.empty());
  const int bad = ::open(device, O_RDWR | O_CLOEXEC);
  REQUIRE(bad >= 0);
  for (const int fd : found) REQUIRE(::dup2(bad, fd) == fd);
  ::close(bad);
}

/// A settlement whose callback may not have run yet.
struct Settling {
  std::shared_ptr<std::promise<void>> promise = std::make_shared<std::promise<void>>();
  std::future<void> done = promise->get_future();
  Settling(Ledger& ledger, domain::RequestId id, std::int64_t nanos) {
    ledger.settle(id, cost(nanos), [promise = promise] { promise->set_value(); });
  }
  [[nodiscard]] bool is_saved() const { return done.wait_for(0s) == std::future_status::ready; }
  [[nodiscard]] bool gets_saved() const { return done.wait_for(10s) == std::future_status::ready; }
};

bool comes_true(const std::function<bool()>& claim) {
  for (const auto end = std::chrono::steady_clock::now() + 10s;
       std::chrono::steady_clock::now() < end;) {
    if (claim()) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST_CASE("durability: a settlement that the journal refused is not called durable before it is") {
  House house;
  const auto payer = key_with(1000);
  const auto id = house.hold(ask(payer, 100));
  house.valve().pause();
  exchange_journal(house, "/dev/full");

  const Settling settling(house.ledger(), id, 60);

  CHECK_FALSE(settling.is_saved());
  CHECK(house.ledger().problem().find("can't write the journal") == 0);
  CHECK(std::holds_alternative<Unwritable>(start_hold(house.ledger(), ask(payer, 1)).get()));
  CHECK(house.crash()->window(key_window(payer)).spent == 100);  // its hold stands for it
  CHECK_FALSE(settling.is_saved());
  house.valve().resume();
  CHECK(settling.gets_saved());
  CHECK(comes_true([&] { return house.ledger().problem().empty(); }));
  CHECK(house.crash()->window(key_window(payer)).spent == 60);
  settle(house.ledger(), house.hold(ask(payer, 10)), cost(5));
  CHECK(house.faults().empty());
}

TEST_CASE("durability: behind a failed sync nothing counts until the database has it") {
  House house(store::Durability::power);
  const auto payer = key_with(1000);
  const auto first = house.hold(ask(payer, 100));
  const auto second = house.hold(ask(payer, 100));
  const auto third = house.hold(ask(payer, 100));
  house.valve().pause();
  exchange_journal(house, "/dev/zero");

  const Settling settling(house.ledger(), first, 60);
  CHECK(comes_true([&] { return !house.ledger().problem().empty(); }));
  const Settling behind(house.ledger(), second, 50);
  CHECK_FALSE(settling.is_saved());
  CHECK_FALSE(behind.is_saved());

  house.valve().resume();
  CHECK(settling.gets_saved());
  CHECK(behind.gets_saved());
  CHECK(comes_true([&] { return house.ledger().problem().empty(); }));
  // A new file: what is recorded from here on is durable by itself.
  house.valve().pause();
  const Settling later(house.ledger(), third, 40);
  CHECK(later.gets_saved());
  auto after = house.crash();
  CHECK(after->window(key_window(payer)).spent == 150);
  CHECK(after->faults().empty());
}

TEST_CASE("durability: a hold behind a failed sync is given back and never sent") {
  House house(store::Durability::power);
  const auto payer = key_with(1000);
  settle(house.ledger(), house.hold(ask(payer, 100)), cost(1));
  house.valve().pause();
  exchange_journal(house, "/dev/zero");
  CHECK(std::holds_alternative<Unwritable>(start_hold(house.ledger(), ask(payer, 50)).get()));
  house.valve().resume();
  CHECK(comes_true([&] { return house.ledger().problem().empty(); }));
  CHECK(house.window(key_window(payer)).held == 0);
  CHECK(house.window(key_window(payer)).spent == 1);
  CHECK(house.faults().empty());
}

TEST_CASE("durability: many calls are folded in short batches, each of them whole") {
  House house;
  const auto payer = key_with(1'000'000);
  house.valve().pause();
  for (int i = 0; i < 1700; ++i) {
    const auto id = house.hold(ask(payer, 10));
    if (i % 3 != 0) settle(house.ledger(), id, cost(3));
  }
  const int before = house.valve().applied();
  house.valve().resume();
  house.ledger().sync();
  CHECK(house.valve().applied() - before >= 2);
  CHECK(house.faults().empty());
  CHECK(house.ledger().verify().faults.empty());
  auto after = house.crash();
  CHECK(after->window(key_window(payer)).spent == 3 * 1133 + 10 * 567);
  CHECK(after->faults().empty());
}

}  // namespace nufi::ledger
