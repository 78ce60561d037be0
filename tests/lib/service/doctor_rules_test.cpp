#include "lib/service/doctor_rules.hpp"

#include "lib/base/text.hpp"

#include <doctest/doctest.h>

using namespace nufi::service;
using nufi::parse_rfc3339;
using nufi::domain::HealthState;

namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

nufi::Timestamp at(const char* text) {
  return *parse_rfc3339(text);
}

}  // namespace

TEST_CASE("doctor rules: files that others can read are a fault with the command against it") {
  CHECK(judge_files({}, "/d").state == HealthState::ok);
  const auto check =
      judge_files({{"/d/nufi.db", "mode 0644, should be 0600"}, {"/d/x", "…"}}, "/d");
  CHECK(check.state == HealthState::fault);
  CHECK(check.finding == "/d/nufi.db: mode 0644, should be 0600 (and 1 more)");
  CHECK(check.remedy.starts_with("chmod -R u+rwX,go-rwx /d"));
}

TEST_CASE("doctor rules: a journal that can't be written is a fault, a long one a warning") {
  CHECK(judge_journal("", 12 * kMiB, 3).state == HealthState::ok);
  CHECK(judge_journal("", 12 * kMiB, 3).finding == "writable, 12.0 MiB in 3 segments");
  CHECK(judge_journal("disk full", 12 * kMiB, 3).state == HealthState::fault);
  CHECK(judge_journal("", kLongJournal + 1, 70).state == HealthState::warning);
}

TEST_CASE("doctor rules: a damaged database is a fault, one too large to read through is not") {
  CHECK(judge_database({}).state == HealthState::ok);
  CHECK(judge_database({.is_complete = false, .faults = {}}).state == HealthState::ok);
  const auto check = judge_database({.is_complete = true, .faults = {"Page 3: bad"}});
  CHECK(check.state == HealthState::fault);
  CHECK(check.finding == "damaged: Page 3: bad");
}

TEST_CASE("doctor rules: damaged traces are a fault with the way out, no room for them a warning") {
  CHECK(judge_traces({}, "", 0).finding == "none are kept");
  CHECK(judge_traces({}, "", 12 * kMiB).finding == "12.0 MiB, no damage");
  CHECK(judge_traces({}, "disk full", 12 * kMiB).state == HealthState::warning);
  const auto check = judge_traces({.is_complete = true, .faults = {"Page 3: bad"}}, "", kMiB);
  CHECK(check.state == HealthState::fault);
  CHECK(check.finding == "damaged: Page 3: bad");
  CHECK(check.remedy.ends_with("nufi traces delete --all"));
}

TEST_CASE("doctor rules: a clock behind the newest call is a fault") {
  const auto now = at("2026-08-20T12:00:00Z");
  CHECK(judge_clock(now, std::nullopt).state == HealthState::ok);
  CHECK(judge_clock(now, at("2026-08-20T11:59:00Z")).state == HealthState::ok);
  CHECK(judge_clock(now, at("2026-08-20T12:00:00.500Z")).state == HealthState::ok);
  const auto check = judge_clock(now, at("2026-08-20T14:00:00Z"));
  CHECK(check.state == HealthState::fault);
  CHECK(check.finding == "2h behind the newest call in the ledger (2026-08-20T14:00:00Z)");
}

TEST_CASE("doctor rules: a clock that differs from a provider's is a warning") {
  const auto now = at("2026-08-20T12:00:00Z");
  CHECK_FALSE(judge_skew("openai", now, at("2026-08-20T12:00:59Z")));
  CHECK_FALSE(judge_skew("openai", now, at("2026-08-20T11:59:01Z")));
  CHECK(judge_skew("openai", now, at("2026-08-20T12:05:00Z"))->finding ==
        "5m behind upstream 'openai'");
  CHECK(judge_skew("openai", now, at("2026-08-20T11:55:00Z"))->finding ==
        "5m ahead of upstream 'openai'");
}

TEST_CASE("doctor rules: old prices warn") {
  const auto now = at("2026-08-20T12:00:00Z");
  CHECK(judge_price_age("2026-08-01", now).state == HealthState::ok);
  CHECK(judge_price_age("2026-01-01", now).state == HealthState::warning);
  CHECK(judge_price_age("", now).state == HealthState::ok);
}

TEST_CASE("doctor rules: a model without a price matters where a budget is") {
  CHECK(judge_unpriced({}, {}, true).state == HealthState::ok);
  CHECK(judge_unpriced({"my model"}, {}, false).state == HealthState::ok);
  CHECK(judge_unpriced({}, {"other"}, false).state == HealthState::ok);
  const auto open = judge_unpriced({}, {"other"}, true);
  CHECK(open.state == HealthState::warning);
  CHECK(open.finding ==
        "other may serve models that no price list names; calls of models without a price are "
        "refused under a budget");
  CHECK(open.remedy.ends_with("nufi upstreams edit other --free"));
  const auto check = judge_unpriced({"my model"}, {"other"}, true);
  CHECK(check.state == HealthState::warning);
  CHECK(check.remedy == "nufi prices set 'my model' --input USD --output USD, or --free");
}

TEST_CASE("doctor rules: old and unlimited keys are named, the first few of them") {
  CHECK(judge_rotation({}, 3).state == HealthState::ok);
  CHECK(judge_rotation({"a", "b"}, 3).state == HealthState::warning);
  CHECK(judge_rotation({"a", "b", "c", "d", "e", "f", "g"}, 9).finding ==
        "7 keys older than 90 days: a, b, c, d, e and 2 more");
  CHECK(judge_unlimited({}, 3).state == HealthState::ok);
  CHECK(judge_unlimited({"ci"}, 3).remedy == "nufi keys edit ci --budget 20");
}

TEST_CASE("doctor rules: roots to trust, and CA files that can be read") {
  CHECK(judge_trust(140, {}).state == HealthState::ok);
  CHECK(judge_trust(0, {}).state == HealthState::warning);
  CHECK(judge_trust(140, {"/etc/own.pem"}).state == HealthState::fault);
}

TEST_CASE("doctor rules: the dates of HTTP") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == at("1994-11-06T08:49:37Z"));
  CHECK_FALSE(parse_http_date(""));
  CHECK_FALSE(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"));
  CHECK_FALSE(parse_http_date("Sun, 06 Foo 1994 08:49:37 GMT"));
}
