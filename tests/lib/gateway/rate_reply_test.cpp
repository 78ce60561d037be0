#include "lib/gateway/rate_reply.hpp"

#include "tests/support/fake_clock.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace nufi;
using namespace nufi::gateway;
using namespace std::chrono_literals;
using domain::RateLimit;
using domain::RateMetric;
using domain::RateRefusal;

namespace {

std::string header(const std::vector<std::pair<std::string, std::string>>& all,
                   std::string_view name) {
  for (const auto& [each, value] : all) {
    if (each == name) return value;
  }
  return "(none)";
}

struct House {
  House() {
    key.name = "laptop";
    group.name = "small";
    caller.group = &group;
    caller.key = std::shared_ptr<const domain::Key>(&key, [](const domain::Key*) {});
  }
  No refuse(const RateRefusal& refusal) {
    return refuse_rate(caller, refusal, limiter, clock.now());
  }

  test::FakeClock clock{Timestamp(1'700'000'000s)};
  Limiter limiter{clock};
  domain::Key key;
  domain::Group group;
  Caller caller;
};

}  // namespace

TEST_CASE("rate reply: durations as OpenAI writes them") {
  CHECK(duration_text(0ms) == "0s");
  CHECK(duration_text(250ms) == "250ms");
  CHECK(duration_text(1s) == "1s");
  CHECK(duration_text(12'340ms) == "12.34s");
  CHECK(duration_text(60s) == "1m0s");
  CHECK(duration_text(60'250ms) == "1m0.25s");
}

TEST_CASE("rate reply: a refusal says whose limit, how much of it, and when there is room") {
  House house;
  house.key.rpm = 3;
  const auto no = house.refuse({RateMetric::requests, RateLimit{3, false}, 3, 1, 12'345ms});
  CHECK(header(no.headers, "x-ratelimit-limit-requests") == "3");
  CHECK(no.error.status == 429);
  CHECK(no.error.type == "requests");
  CHECK(no.error.code == "rate_limit_exceeded");
  CHECK(no.error.message ==
        "Rate limit reached: key 'laptop' has used 3 of its 3 requests per minute. Try again in "
        "12.345s.");
  CHECK(header(no.headers, "Retry-After") == "13");
  CHECK(header(no.headers, "retry-after-ms") == "12345");
  CHECK(no.error.limit_json ==
        R"({"reason":"rpm","limit":"key","limit_requests":3,"used_requests":3,)"
        R"("resets_at":"2023-11-14T22:13:32.345Z"})");
}

TEST_CASE("rate reply: a group's limit is for each of its keys") {
  House house;
  const auto no = house.refuse({RateMetric::requests, RateLimit{1, true}, 1, 1, 30'000ms});
  CHECK(no.error.message ==
        "Rate limit reached: key 'laptop' has used 1 of the 1 requests per minute that group "
        "'small' allows each key. Try again in 30s.");
}

TEST_CASE("rate reply: a call above the limit is told not to try again") {
  House house;
  const auto no = house.refuse({RateMetric::tokens, RateLimit{100, true}, 0, 500, std::nullopt});
  CHECK(no.error.type == "tokens");
  CHECK(header(no.headers, "x-should-retry") == "false");
  CHECK(header(no.headers, "Retry-After") == "(none)");
  CHECK(no.error.message.starts_with("Request too large: group 'small' allows 100 tokens"));
}

TEST_CASE("rate reply: the standing is sent for the limits there are") {
  Limiter::Standing standing;
  standing.requests = {7, 30'250ms};
  standing.tokens = {200, 1500ms};
  const auto fields =
      rate_fields({.requests = RateLimit{10, false}, .tokens = {}, .parallel = {}}, standing);
  CHECK(fields.size() == 3);
  CHECK(header(fields, "x-ratelimit-limit-requests") == "10");
  CHECK(header(fields, "x-ratelimit-remaining-requests") == "3");
  CHECK(header(fields, "x-ratelimit-reset-requests") == "30.25s");
  // More used than the limit (usage came out higher): nothing is left, not less than nothing.
  const auto tokens =
      rate_fields({.requests = {}, .tokens = RateLimit{100, false}, .parallel = {}}, standing);
  CHECK(header(tokens, "x-ratelimit-remaining-tokens") == "0");
}

TEST_CASE("rate reply: without its cap a call counts the most its candidates can make") {
  domain::Price small;
  small.max_output = 50;
  domain::Price large;
  large.max_output = 400;
  std::vector<Priced> candidates(2);
  candidates[0].pricing.price = &small;
  candidates[1].pricing.price = &large;
  domain::Call call;
  call.endpoint = "chat/completions";
  const domain::RateLimits limits{
      .requests = {}, .tokens = RateLimit{10'000, false}, .parallel = {}};
  CHECK(rate_tokens_of(call, 7, candidates, limits) == 407);
  call.output_cap = 30;
  CHECK(rate_tokens_of(call, 7, candidates, limits) == 37);
  CHECK(rate_tokens_of(call, 7, candidates, {}) == 0);
}
