#include "lib/domain/route.hpp"

#include "tests/lib/domain/random_values.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace nufi::domain;

namespace {

std::shared_ptr<Upstream> upstream(const char* name, std::int64_t priority, std::int64_t weight) {
  auto made = std::make_shared<Upstream>();
  made->name = name;
  made->priority = priority;
  made->weight = weight;
  return made;
}

/// The names in order, e.g. "a b c".
std::string names(const std::vector<Candidate>& found) {
  std::string text;
  for (const Candidate& candidate : found) {
    text += (text.empty() ? "" : " ") + candidate.upstream->name;
  }
  return text;
}

}  // namespace

TEST_CASE("route: higher priority comes first, whatever is drawn") {
  const std::vector<std::shared_ptr<const Upstream>> all = {
      upstream("low", -5, 1000), upstream("high", 10, 1), upstream("middle", 0, 1)};
  for (std::uint64_t random = 0; random < 100; ++random) {
    REQUIRE(names(candidates(all, Group(), "m", random)) == "high middle low");
  }
}

TEST_CASE("route: inside a priority places are drawn by weight") {
  const std::vector<std::shared_ptr<const Upstream>> all = {
      upstream("one", 0, 1), upstream("three", 0, 3), upstream("six", 0, 6)};
  RandomValues random(14);
  std::map<std::string, int> first;
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) {
    const auto found = candidates(all, Group(), "m", random.bits());
    REQUIRE(found.size() == 3);
    ++first[found.front().upstream->name];
  }
  CHECK(first["one"] == doctest::Approx(kDraws * 0.1).epsilon(0.08));
  CHECK(first["three"] == doctest::Approx(kDraws * 0.3).epsilon(0.05));
  CHECK(first["six"] == doctest::Approx(kDraws * 0.6).epsilon(0.03));
}

TEST_CASE("route: the same bits give the same order, however the list is sorted") {
  std::vector<std::shared_ptr<const Upstream>> all = {
      upstream("a", 0, 1), upstream("b", 0, 2), upstream("c", 0, 3)};
  const std::string order = names(candidates(all, Group(), "m", 42));
  std::reverse(all.begin(), all.end());
  CHECK(names(candidates(all, Group(), "m", 42)) == order);
}

TEST_CASE("route: small numbers are as good as random bits") {
  const std::vector<std::shared_ptr<const Upstream>> all = {upstream("a", 0, 1),
                                                            upstream("b", 0, 1)};
  int first = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    first += candidates(all, Group(), "m", i).front().upstream->name == "a" ? 1 : 0;
  }
  CHECK(first > 400);
  CHECK(first < 600);
}

TEST_CASE("route: group and upstream must both agree") {
  auto only_team = upstream("only-team", 0, 1);
  only_team->groups = {"team"};
  const std::vector<std::shared_ptr<const Upstream>> all = {only_team, upstream("open", -1, 1)};
  Group group;
  group.name = "default";
  CHECK(names(candidates(all, group, "m", 1)) == "open");
  group.name = "team";
  CHECK(names(candidates(all, group, "m", 1)) == "only-team open");
  group.upstreams = {"open"};
  CHECK(names(candidates(all, group, "m", 1)) == "open");
}

TEST_CASE("route: a candidate carries the model's name at its upstream") {
  auto renaming = upstream("renaming", 1, 1);
  renaming->models = {"gpt-*"};
  renaming->aliases = {{"fast", "gpt-4o-mini"}};
  auto other = upstream("other", 0, 1);
  other->models = {"claude-*"};
  const std::vector<std::shared_ptr<const Upstream>> all = {renaming, other};
  const auto found = candidates(all, Group(), "fast", 1);
  REQUIRE(found.size() == 1);
  CHECK(found[0].model == "gpt-4o-mini");
  CHECK(candidates(all, Group(), "gpt-4o", 1).at(0).model == "gpt-4o");
  CHECK(candidates(all, Group(), "o3", 1).empty());
}

TEST_CASE("route: the next one is tried only when the call can't have been billed") {
  CHECK(may_try_next(AttemptResult::connect_failed, 0));
  CHECK(may_try_next(AttemptResult::closed_unused, 0));
  CHECK(may_try_next(AttemptResult::no_turn, 0));
  CHECK_FALSE(may_try_next(AttemptResult::timed_out, 0));
  CHECK_FALSE(may_try_next(AttemptResult::broken, 0));
  for (const int status : {408, 429, 500, 502, 503, 504, 529, 599}) {
    CHECK(may_try_next(AttemptResult::answered, status));
  }
  for (const int status : {200, 301, 400, 401, 403, 404, 409, 413, 422, 600}) {
    CHECK_FALSE(may_try_next(AttemptResult::answered, status));
  }
}

TEST_CASE("route: an upstream was reached once anything was sent") {
  for (const auto result :
       {AttemptResult::answered, AttemptResult::timed_out, AttemptResult::broken}) {
    CHECK(has_reached_upstream(result));
  }
  for (const auto result :
       {AttemptResult::connect_failed, AttemptResult::closed_unused, AttemptResult::no_turn}) {
    CHECK_FALSE(has_reached_upstream(result));
  }
}
