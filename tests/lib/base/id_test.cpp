#include "lib/base/id.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <thread>
#include <vector>

using namespace nufi;

namespace {

struct ThingTag {
  static constexpr std::string_view kPrefix = "thing_";
};

}  // namespace

TEST_CASE("id: a random id has its prefix and sixteen base62 characters") {
  const auto id = Id<ThingTag>::random();
  CHECK(id.text().size() == 22);
  CHECK(id.text().starts_with("thing_"));
  CHECK(id.text().substr(6).find_first_not_of(kBase62) == std::string::npos);
  CHECK(Id<ThingTag>().empty());
  CHECK_FALSE(id.empty());
}

TEST_CASE("id: random characters are drawn evenly") {
  constexpr std::size_t kDraws = 620'000;
  std::array<int, 62> counts{};
  for (const char c : random_base62(kDraws)) ++counts[kBase62.find(c)];
  // Expected 10,000 each with a deviation of 99; six deviations are practically never passed.
  for (const int count : counts) {
    CHECK(count > 9'400);
    CHECK(count < 10'600);
  }
}

TEST_CASE("id: threads never draw the same") {
  std::vector<std::vector<std::string>> drawn(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : drawn) {
      threads.emplace_back([&mine] {
        for (int i = 0; i < 1000; ++i) mine.push_back(random_base62(16));
      });
    }
  }
  std::set<std::string> all;
  for (const auto& mine : drawn) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == 4000);
}

TEST_CASE("id: base62 keeps its width and its order") {
  CHECK(to_base62(0, 3) == "000");
  CHECK(to_base62(61, 1) == "z");
  CHECK(to_base62(62, 2) == "10");
  CHECK(to_base62(UINT64_MAX, 11) == "LygHa16AHYF");
  CHECK(to_base62(1000, 4) < to_base62(1001, 4));
  CHECK(to_base62(9, 2) < to_base62(10, 2));
  CHECK(to_base62(35, 2) < to_base62(36, 2));
}

TEST_CASE("id: base62 is read back or refused") {
  CHECK(parse_base62("LygHa16AHYF") == UINT64_MAX);
  CHECK(parse_base62("00010") == 62);
  CHECK_FALSE(parse_base62("LygHa16AHYG").has_value());
  CHECK_FALSE(parse_base62("zzzzzzzzzzzzzzzz").has_value());
  CHECK_FALSE(parse_base62("").has_value());
  CHECK_FALSE(parse_base62("12-4").has_value());
}
