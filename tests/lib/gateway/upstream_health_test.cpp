#include "lib/gateway/upstream_health.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

using namespace nufi;
using namespace nufi::gateway;
using namespace std::chrono_literals;
using State = UpstreamHealth::State;

namespace {

const SteadyTime kNow{1000s};

std::shared_ptr<UpstreamHealth> healthy() {
  return std::make_shared<UpstreamHealth>();
}

void fail(UpstreamHealth& health,
          SteadyTime now,
          std::optional<std::chrono::milliseconds> rest = {}) {
  health.enter(now)->failed("refused", rest, now);
}

/// Two failures in a row: it rests for a second.
std::shared_ptr<UpstreamHealth> resting() {
  auto health = healthy();
  fail(*health, kNow);
  fail(*health, kNow);
  return health;
}

}  // namespace

TEST_CASE("health: one failure is forgiven, then an upstream rests twice as long each time") {
  const auto health = healthy();
  auto now = kNow;
  CHECK(health->text(now) == "unknown");
  fail(*health, now);
  CHECK(health->standing("m", now).state == State::ready);
  CHECK(health->text(now) == "failing: refused");
  for (const auto expected : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s, 60s}) {
    fail(*health, now);
    CHECK(health->standing("m", now).state == State::resting);
    CHECK(health->standing("m", now).left == expected);
    CHECK(health->standing("m", now + expected - 1ms).left == 1ms);
    CHECK(!health->enter(now + expected - 1ms));
    now += expected;
    CHECK(health->standing("m", now).state == State::ready);
  }
  health->enter(now)->succeeded();
  CHECK(health->text(now) == "ok");
  fail(*health, now);
  CHECK(health->standing("m", now).state == State::ready);
}

TEST_CASE("health: who refuses us or answers nothing is failing, and does not rest") {
  const auto health = healthy();
  for (int i = 0; i < 5; ++i) health->enter(kNow)->refused("HTTP 401");
  CHECK(health->text(kNow) == "failing: HTTP 401");
  CHECK(health->standing("m", kNow).state == State::ready);
  health->enter(kNow)->succeeded();
  CHECK(health->text(kNow) == "ok");
  health->complain("HTTP 200 without a whole answer");
  CHECK(health->text(kNow) == "failing: HTTP 200 without a whole answer");
  CHECK(health->standing("m", kNow).state == State::ready);
  fail(*health, kNow);
  CHECK(health->text(kNow) == "failing: refused");
  health->succeed();
  CHECK(health->text(kNow) == "ok");
}

TEST_CASE("health: a rest says why, and ends when somebody has an answer") {
  const auto health = resting();
  CHECK(health->standing("m", kNow).why == "refused");
  health->succeed();
  CHECK(health->standing("m", kNow).state == State::ready);
  CHECK(health->standing("m", kNow).why.empty());
  CHECK(health->enter(kNow));
}

TEST_CASE("health: calls that fail together count once") {
  const auto health = healthy();
  std::vector<UpstreamHealth::Turn> turns;
  for (int i = 0; i < 100; ++i) turns.push_back(std::move(*health->enter(kNow)));
  for (auto& turn : turns) turn.failed("refused", std::nullopt, kNow);
  CHECK(health->standing("m", kNow).left == 1s);
}

TEST_CASE("health: after a rest exactly one call probes") {
  const auto health = resting();
  const auto later = kNow + 1s;
  auto probe = health->enter(later);
  REQUIRE(probe);
  for (int i = 0; i < 10; ++i) CHECK(!health->enter(later));
  CHECK(health->standing("m", later).state == State::probing);
  CHECK(health->enter_beside_probe(later));
  SUBCASE("a success opens it for all") {
    probe->succeeded();
    CHECK(health->enter(later));
    CHECK(health->enter(later));
  }
  SUBCASE("a failure makes it rest longer") {
    probe->failed("refused", std::nullopt, later);
    CHECK(health->standing("m", later).left == 2s);
    CHECK(!health->enter_beside_probe(later));
  }
  SUBCASE("an end without a word lets the next one probe") {
    probe.reset();
    const auto next = health->enter(later);
    CHECK(next);
    CHECK(!health->enter(later));
  }
  SUBCASE("too many requests are an answer") {
    probe->busy("m", 5s, later);
    CHECK(health->standing("m", later).state == State::busy);
    CHECK(health->standing("other", later).state == State::ready);
    CHECK(health->enter(later));
  }
}

TEST_CASE("health: a probe that ends late does not end the next one") {
  const auto health = resting();
  const auto later = kNow + 1s;
  auto first = health->enter(later);
  auto beside = health->enter_beside_probe(later);
  beside->failed("refused", std::nullopt, later);
  CHECK(health->standing("m", later).left == 2s);
  const auto second = health->enter(later + 2s);
  CHECK(!second);  // the first one still probes
  first.reset();
  const auto third = health->enter(later + 2s);
  CHECK(third);
  CHECK(!health->enter(later + 2s));
}

TEST_CASE("health: failures of calls sent before a rest make it no longer") {
  const auto health = healthy();
  auto early = health->enter(kNow);
  fail(*health, kNow);
  fail(*health, kNow);
  early->failed("late", std::nullopt, kNow + 500ms);
  CHECK(health->standing("m", kNow + 500ms).left == 500ms);
  CHECK(health->text(kNow) == "failing: late");
}

TEST_CASE("health: an upstream rests as long as it asks for, at most a minute") {
  for (const auto& [asked, given] :
       {std::pair{7'000ms, 7'000ms}, {600'000ms, 60'000ms}, {0ms, 0ms}}) {
    const auto health = healthy();
    fail(*health, kNow, asked);
    CHECK(health->standing("m", kNow).left == given);
  }
}

TEST_CASE("health: busy is no failure and lasts as long as the upstream says, by model") {
  const auto health = healthy();
  health->enter(kNow)->busy("m", std::nullopt, kNow);
  CHECK(health->standing("m", kNow).left == UpstreamHealth::kBusyUnsaid);
  health->enter(kNow)->busy("m", 20s, kNow);
  CHECK(health->standing("m", kNow).state == State::busy);
  CHECK(health->standing("m", kNow).left == 20s);
  CHECK(health->standing("n", kNow).state == State::ready);
  CHECK(health->text(kNow) == "busy: HTTP 429");
  CHECK(health->text(kNow + 20s) == "ok");
  CHECK(health->standing("m", kNow + 20s).state == State::ready);
  CHECK(health->enter(kNow));
  health->enter(kNow)->busy("m", 24h, kNow);
  CHECK(health->standing("m", kNow).left == UpstreamHealth::kLongestBusy);
}
