#include "lib/gateway/billing.hpp"

#include "lib/base/text.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::gateway;
using domain::Money;

namespace {

constexpr std::int64_t kUsd = 1'000'000'000;
const Timestamp kNow = *parse_rfc3339("2026-11-21T10:00:00Z");

domain::Key key_with(std::optional<Money> budget) {
  domain::Key key;
  key.name = "laptop";
  key.limits.budget = budget;
  key.limits.budget_period = domain::Period::month;
  return key;
}

domain::WindowState november(std::int64_t spent) {
  domain::WindowState window;
  window.cycle = {*parse_rfc3339("2026-11-01"), *parse_rfc3339("2026-12-01")};
  window.spent = spent;
  return window;
}

std::string usage(const std::string& query, std::int64_t spent = 3 * kUsd) {
  const auto body = usage_body(key_with(Money::nanos(5 * kUsd)), november(spent), query, kNow);
  if (const auto* no = std::get_if<No>(&body)) {
    return no->error.code + " " + no->error.param + ": " + no->error.message;
  }
  return std::get<std::string>(body);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("billing: apps ask with and without the version") {
  CHECK(billing_subject("/v1/dashboard/billing/subscription") == "subscription");
  CHECK(billing_subject("/dashboard/billing/usage") == "usage");
  CHECK(billing_subject("/v1/dashboard/billing/credit_grants").empty());
  CHECK(billing_subject("/v1/v1/dashboard/billing/usage").empty());
  CHECK(billing_subject("/v1/dashboard/billing/usage/").empty());
}

TEST_CASE("billing: the subscription is the key's own budget") {
  auto key = key_with(Money::nanos(5 * kUsd / 2));
  key.expires_at = *parse_rfc3339("2026-12-31T10:00:00Z");
  CHECK(
      subscription_body(key) ==
      R"({"object":"billing_subscription","has_payment_method":true,"canceled":false,)"
      R"("soft_limit_usd":2.5,"hard_limit_usd":2.5,"system_hard_limit_usd":2.5,)"
      R"("access_until":1798711200,"account_name":"laptop","plan":{"id":"nufi","title":"nufi"}})");
}

TEST_CASE("billing: no budget and no expiry are numbers too, as apps compute with them") {
  const auto body = subscription_body(key_with(std::nullopt));
  CHECK(has(body, R"("hard_limit_usd":100000000,)"));
  CHECK(has(body, R"("access_until":4102444800,)"));
}

TEST_CASE("billing: usage is in cents, exact, and says which days it is of") {
  CHECK(
      usage("start_date=2026-11-01&end_date=2026-11-22") ==
      R"({"object":"list","total_usage":300,"daily_costs":[],"nufi":{"period":"month",)"
      R"("from":"2026-11-01T00:00:00Z","to":"2026-12-01T00:00:00Z","usage_usd":3,"held_usd":0}})");
  CHECK(has(usage("", 12'345), R"("total_usage":0.0012345,)"));
  CHECK(has(usage("", 0), R"("total_usage":0,)"));
}

TEST_CASE("billing: a range that touches the cycle gets it, one outside is refused") {
  CHECK(has(usage("start_date=2026-8-13&end_date=2026-11-22"), R"("total_usage":300)"));
  CHECK(has(usage("start_date=2026-11-21&end_date=2026-11-22"), R"("total_usage":300)"));
  CHECK(usage("start_date=2026-09-01&end_date=2026-10-01")
            .starts_with("invalid_value end_date: Only what this key spent since 2026-11-01T"));
  CHECK(usage("start_date=2027-01-01").starts_with("invalid_value start_date: Only"));
}

TEST_CASE("billing: a date that is none is refused by name") {
  CHECK(usage("start_date=soon") ==
        "invalid_value start_date: start_date must be a date like 2026-11-01.");
  CHECK(usage("end_date=2026-13-01").starts_with("invalid_value end_date"));
  CHECK(usage("end_date=%zz").starts_with("invalid_value end_date"));
}
