#include "lib/store/traces.hpp"

#include "lib/base/error.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <string>
#include <sys/stat.h>

using namespace nufi;
using namespace nufi::store;

namespace {

constexpr std::int64_t kPlenty = std::int64_t{1} << 40;

StoredTrace trace(const std::string& id,
                  std::int64_t minute = 0,
                  const std::string& key = "key_1") {
  StoredTrace made;
  auto& head = made.head;
  head.id = id;
  head.time = Timestamp(std::chrono::minutes(minute));
  head.account = "ana";
  head.key = domain::KeyId(key);
  head.key_name = "laptop";
  head.endpoint = "chat/completions";
  head.model = "gpt-4o";
  head.upstream = "openai";
  head.status = domain::RowStatus::upstream_error;
  head.http_status = 502;
  head.error_code = "upstream_timeout";
  head.cost = domain::Money::nanos(1'000'000'001);
  head.total_us = 123'456;
  made.facts = std::string("facts\0with a nul", 16);
  made.request = "request";
  return made;
}

struct House {
  test::TempDir directory;
  std::filesystem::path file = directory.path() / "traces.db";
  std::unique_ptr<Traces> traces = sqlite::open_traces(file);

  [[nodiscard]] std::string ids(const TraceFilter& filter) const {
    std::string all;
    for (const auto& head : traces->list(filter)) all += (all.empty() ? "" : " ") + head.id;
    return all;
  }
};

}  // namespace

TEST_CASE("traces: reading makes no file") {
  const House house;
  CHECK_FALSE(house.traces->get("req_1"));
  CHECK(house.traces->list({}).empty());
  CHECK(house.traces->matching("req_", 9).empty());
  CHECK_FALSE(house.traces->remove("req_1"));
  CHECK(house.traces->remove_all() == 0);
  CHECK(house.traces->retire(Timestamp::max(), 0) == 0);
  CHECK(house.traces->bytes() == 0);
  CHECK_FALSE(std::filesystem::exists(house.file));
}

TEST_CASE("traces: come back as they were, from a file for its owner only") {
  House house;
  const auto in = trace("req_1", 7);
  house.traces->add({in});
  house.traces.reset();
  house.traces = sqlite::open_traces(house.file);
  const auto out = house.traces->get("req_1");
  REQUIRE(out);
  CHECK(out->head == in.head);
  CHECK(out->facts == in.facts);
  CHECK(out->request == in.request);
  CHECK(out->reply.empty());
  struct stat facts {};
  REQUIRE(::stat(house.file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777U) == 0600U);
}

TEST_CASE("traces: a list is newest first, page by page, of one key or all") {
  const House house;
  house.traces->add({trace("req_a1"), trace("req_a2", 0, "key_2")});
  house.traces->add({trace("req_b1")});
  CHECK(house.ids({}) == "req_b1 req_a2 req_a1");
  CHECK(house.ids({.limit = 2, .key = {}, .before = {}}) == "req_b1 req_a2");
  CHECK(house.ids({.limit = 2, .key = {}, .before = "req_a2"}) == "req_a1");
  CHECK(house.ids({.limit = 9, .key = domain::KeyId("key_1"), .before = {}}) == "req_b1 req_a1");
  CHECK(house.ids({.limit = 9, .key = domain::KeyId("key_1"), .before = "req_b1"}) == "req_a1");
  CHECK(house.traces->matching("req_a", 9) == std::vector<std::string>{"req_a1", "req_a2"});
  CHECK(house.traces->matching("req_a", 1).size() == 1);
  CHECK(house.traces->matching("req_%", 9).empty());
}

TEST_CASE("traces: one that comes twice is there once, as it came last") {
  const House house;
  house.traces->add({trace("req_1")});
  auto again = trace("req_1");
  again.reply = "the reply";
  house.traces->add({again});
  CHECK(house.ids({}) == "req_1");
  CHECK(house.traces->get("req_1")->reply == "the reply");
}

TEST_CASE("traces: go one by one or all") {
  const House house;
  house.traces->add({trace("req_1"), trace("req_2"), trace("req_3")});
  CHECK(house.traces->remove("req_2"));
  CHECK_FALSE(house.traces->remove("req_2"));
  CHECK_FALSE(house.traces->get("req_2"));
  CHECK(house.ids({}) == "req_3 req_1");
  CHECK(house.traces->remove_all() == 2);
  CHECK(house.ids({}).empty());
  CHECK(house.traces->bytes() == 0);
  house.traces->add({trace("req_4")});
  CHECK(house.ids({}) == "req_4");
}

TEST_CASE("traces: all can be deleted where the database is damaged, and it begins anew") {
  const House house;
  house.traces->add({trace("req_1")});
  for (const char* suffix : {"", "-wal"}) {
    std::ofstream(house.file.string() + suffix) << std::string(8192, 'x');
  }
  const std::unique_ptr<Traces> later = sqlite::open_traces(house.file);
  CHECK_FALSE(later->remove_all());
  CHECK_FALSE(std::filesystem::exists(house.file.string() + "-wal"));
  later->add({trace("req_2")});
  CHECK(later->get("req_2"));
}

TEST_CASE("traces: damage is found, and none where there is no file") {
  House house;
  constexpr std::chrono::seconds kPatience{20};
  CHECK(house.traces->check_integrity(kPatience).faults.empty());
  CHECK_FALSE(std::filesystem::exists(house.file));
  house.traces->add({trace("req_1")});
  CHECK(house.traces->check_integrity(kPatience).is_complete);
  CHECK(house.traces->check_integrity(kPatience).faults.empty());
  house.traces = nullptr;
  std::ofstream(house.file) << std::string(8192, 'x');
  CHECK_FALSE(sqlite::open_traces(house.file)->check_integrity(kPatience).faults.empty());
}

TEST_CASE("traces: old ones go, and the oldest beyond the room there is; the disk gets it back") {
  const House house;
  for (int minute = 0; minute < 80; ++minute) {
    auto each = trace("req_" + std::to_string(100 + minute), minute);
    each.request = std::string(50'000, 'x');
    house.traces->add({each});
  }
  CHECK(house.traces->retire(Timestamp(std::chrono::minutes(10)), kPlenty) == 10);
  CHECK(house.traces->retire(Timestamp(std::chrono::minutes(10)), kPlenty) == 0);
  const auto before = house.traces->bytes();
  CHECK(before > 3'000'000);
  CHECK(house.traces->retire(Timestamp(), 1'000'000) > 0);
  CHECK(house.traces->bytes() <= 1'000'000);
  CHECK(house.traces->get("req_179"));
  CHECK_FALSE(house.traces->get("req_110"));
}

TEST_CASE("traces: a file that is none of ours is told, and another one in its place is taken") {
  const House house;
  std::ofstream(house.file) << std::string(8192, 'x');
  CHECK_THROWS_AS(house.traces->add({trace("req_1")}), Error);
  CHECK_THROWS_WITH_AS(static_cast<void>(house.traces->list({})),
                       doctest::Contains("traces can't be kept or read"),
                       Error);
  std::filesystem::remove(house.file);
  house.traces->add({trace("req_1")});
  CHECK(house.ids({}) == "req_1");
}
