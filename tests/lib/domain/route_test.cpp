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
    REQUIRE(names(candidates(all, Catalogue(), Group(), "m", random)) == "high middle low");
  }
}

TEST_CASE("route: inside a priority places are drawn by weight") {
  const std::vector<std::shared_ptr<const Upstream>> all = {
      upstream("one", 0, 1), upstream("three", 0, 3), upstream("six", 0, 6)};
  RandomValues random(14);
  std::map<std::string, int> first;
  constexpr int kDraws = 20'000;
  for (int i = 0; i < kDraws; ++i) {
    const auto found = candidates(all, Catalogue(), Group(), "m", random.bits());
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
  const std::string order = names(candidates(all, Catalogue(), Group(), "m", 42));
  std::reverse(all.begin(), all.end());
  CHECK(names(candidates(all, Catalogue(), Group(), "m", 42)) == order);
}

TEST_CASE("route: small numbers are as good as random bits") {
  const std::vector<std::shared_ptr<const Upstream>> all = {upstream("a", 0, 1),
                                                            upstream("b", 0, 1)};
  int first = 0;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    first += candidates(all, Catalogue(), Group(), "m", i).front().upstream->name == "a" ? 1 : 0;
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
  CHECK(names(candidates(all, Catalogue(), group, "m", 1)) == "open");
  group.name = "team";
  CHECK(names(candidates(all, Catalogue(), group, "m", 1)) == "only-team open");
  group.upstreams = {"open"};
  CHECK(names(candidates(all, Catalogue(), group, "m", 1)) == "open");
}

TEST_CASE("route: a candidate carries the model's name at its upstream") {
  auto renaming = upstream("renaming", 1, 1);
  renaming->models = {"gpt-*"};
  renaming->aliases = {{"fast", "gpt-4o-mini"}};
  auto other = upstream("other", 0, 1);
  other->models = {"claude-*"};
  const std::vector<std::shared_ptr<const Upstream>> all = {renaming, other};
  const auto found = candidates(all, Catalogue(), Group(), "fast", 1);
  REQUIRE(found.size() == 1);
  CHECK(found[0].model == "gpt-4o-mini");
  CHECK(candidates(all, Catalogue(), Group(), "gpt-4o", 1).at(0).model == "gpt-4o");
  CHECK(candidates(all, Catalogue(), Group(), "o3", 1).empty());
}

TEST_CASE("route: who serves a model for sure comes first, inside a priority") {
  const auto listed = Catalogue::parse(
      "date 2026-08-01\n"
      "openai gpt-4o-mini chat input=1 output=2\n"
      "groq llama-3 chat input=1 output=2\n");
  const auto cloud = [](const char* name, const char* provider, std::int64_t priority = 0) {
    auto made = upstream(name, priority, 1'000);
    made->provider = provider;
    return made;
  };
  auto named = upstream("named", 0, 1);
  named->models = {"gpt-4o-*"};
  auto renaming = upstream("renaming", 0, 1);
  renaming->models = {"other"};
  renaming->aliases = {{"llama-3", "llama3:8b"}};
  auto stars = cloud("stars", "openai");
  stars->models = {"**"};
  const std::vector<std::shared_ptr<const Upstream>> all = {
      cloud("groq", "groq"), cloud("own", ""), cloud("new", "newcomer"), stars, named, renaming};
  const auto order = [&](const char* model, std::uint64_t random) {
    return names(candidates(all, listed, Group(), model, random));
  };
  for (std::uint64_t random = 0; random < 50; ++random) {
    const std::string of_openai = order("gpt-4o-mini", random);
    CHECK((of_openai == "named stars own new groq" || of_openai == "named stars new own groq"));
    const std::string of_groq = order("llama-3", random);
    CHECK((of_groq == "renaming groq own new stars" || of_groq == "renaming groq new own stars"));
    // A state of one day is made by the same house.
    CHECK(order("llama-3-2026-01-31", random).starts_with("groq "));
    CHECK(order("llama-3-20260131", random).starts_with("groq "));
    CHECK_FALSE(order("llama-3-202601", random).starts_with("groq "));
  }
  const std::vector<std::shared_ptr<const Upstream>> by_priority = {cloud("openai", "openai"),
                                                                    cloud("groq", "groq", 1)};
  CHECK(names(candidates(by_priority, listed, Group(), "gpt-4o-mini", 1)) == "groq openai");
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
