#include "lib/gateway/rate_reply.hpp"

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

const Timestamp kNow = Timestamp(1'700'000'000s);

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
  const auto no = refuse_rate(
      {RateMetric::requests, RateLimit{3, false}, 3, 1, 12'345ms}, "key 'laptop'", kNow);
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

TEST_CASE("rate reply: a call above the limit is told not to try again") {
  const auto no = refuse_rate(
      {RateMetric::tokens, RateLimit{100, true}, 0, 500, std::nullopt}, "group 'small'", kNow);
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
