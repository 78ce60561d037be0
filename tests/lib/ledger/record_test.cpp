#include "lib/ledger/record.hpp"

#include "lib/base/error.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace nufi::ledger {
namespace {

domain::LedgerRow full_row(const std::string& text) {
  domain::LedgerRow row;
  row.id.value = INT64_MAX;
  row.time = Timestamp(std::chrono::milliseconds(1'787'227'200'123));
  row.account = domain::AccountId("acct_" + text);
  row.project = domain::ProjectId("proj_" + text);
  row.key = domain::KeyId("key_" + text);
  row.key_name = "name " + text;
  row.group = "group " + text;
  row.endpoint = "endpoint " + text;
  row.model = "model " + text;
  row.stream = true;
  row.held = domain::Money::max();
  row.held_tokens = INT64_MAX;
  row.hold_us = INT64_MIN;
  row.client_ip = "ip " + text;
  row.user_agent = std::string("agent\0\xff", 7) + text;
  return row;
}

Settlement full_settlement(const std::string& text) {
  Settlement end;
  end.status = domain::RowStatus::interrupted;
  end.http_status = INT32_MIN;
  end.error_code = "code " + text;
  end.upstream = "upstream " + text;
  end.upstream_model = "model " + text;
  for (auto bucket : domain::kBuckets) end.usage[bucket] = INT64_MIN + static_cast<int>(bucket);
  end.cost = domain::Money::nanos(INT64_MIN);
  end.upstream_cost = domain::Money::nanos(-2);
  end.upstream_reported_cost = domain::Money::nanos(INT64_MIN + 3);
  end.basis = domain::CostBasis::none;
  end.price_id = "price " + text;
  end.usage.images = INT64_MIN;
  end.usage.audio_ms = INT64_MAX;
  end.usage.characters = INT64_MIN + 1;
  end.usage_basis = domain::CostBasis::held;
  end.tier = domain::ServiceTier::batch;
  end.multiplier = INT64_MAX;
  end.attempts = INT32_MIN;
  end.connect_us = INT64_MIN;
  end.first_byte_us = INT64_MIN + 1;
  end.total_us = INT64_MIN + 2;
  end.response_id = "resp_" + text;
  end.response_upstream = domain::UpstreamId("up_" + text);
  for (std::size_t i = 0; i < kMostTried; ++i) {
    end.tried.push_back({"upstream " + text, "result " + text, INT32_MIN, INT64_MIN});
  }
  return end;
}

const std::vector<HeldWindow> kWindows = {
    {domain::Scope::key, domain::Metric::usd, domain::Period::total},
    {domain::Scope::account, domain::Metric::tokens, domain::Period::minute}};

/// How many bytes a settlement without a response and without attempts ends with for them.
constexpr std::size_t kResponseAndAttempts = 3;

}  // namespace

TEST_CASE("record: a settlement of before responses were noted comes back without any") {
  Settlement in;
  in.cost = domain::Money::nanos(7);
  in.usage.images = 2;
  in.multiplier = 1'500'000;
  std::string bytes;
  encode(domain::RequestId{5}, in, bytes);
  bytes[0] = 3;
  bytes.resize(bytes.size() - kResponseAndAttempts);
  const auto out = std::get<SettleRecord>(decode(bytes));
  CHECK(out.id.value == 5);
  CHECK(out.settlement.cost == in.cost);
  CHECK(out.settlement.usage == in.usage);
  CHECK(out.settlement.multiplier == in.multiplier);
  CHECK(out.settlement.response_id.empty());
  CHECK(out.settlement.tried.empty());
}

TEST_CASE("record: a settlement of before there were units comes back without any") {
  Settlement in;
  in.cost = domain::Money::nanos(7);
  in.usage[domain::Bucket::output] = 3;
  in.basis = domain::CostBasis::estimated;
  in.total_us = 12;
  std::string bytes;
  encode(domain::RequestId{5}, in, bytes);
  // The older form: another first byte, and nothing after the times.
  constexpr std::size_t kUnitsBasisTierMultiplier = 3 + 1 + 1 + 3;
  bytes[0] = 2;
  bytes.resize(bytes.size() - kUnitsBasisTierMultiplier - kResponseAndAttempts);
  const auto out = std::get<SettleRecord>(decode(bytes));
  CHECK(out.id.value == 5);
  CHECK(out.settlement.cost == in.cost);
  CHECK(out.settlement.usage == in.usage);
  CHECK(out.settlement.total_us == 12);
  CHECK(out.settlement.usage_basis == domain::CostBasis::estimated);
  CHECK(out.settlement.multiplier == domain::kMultiplierOne);
}

TEST_CASE("record: a hold comes back as it was") {
  const auto in = full_row("x");
  std::string bytes;
  encode(in, kWindows, bytes);
  const auto out = std::get<HoldRecord>(decode(bytes));
  CHECK(out.windows == kWindows);
  CHECK(out.row.id == in.id);
  CHECK(out.row.time == in.time);
  CHECK(out.row.account == in.account);
  CHECK(out.row.project == in.project);
  CHECK(out.row.key == in.key);
  CHECK(out.row.key_name == in.key_name);
  CHECK(out.row.group == in.group);
  CHECK(out.row.endpoint == in.endpoint);
  CHECK(out.row.model == in.model);
  CHECK(out.row.stream == in.stream);
  CHECK(out.row.held == in.held);
  CHECK(out.row.held_tokens == in.held_tokens);
  CHECK(out.row.hold_us == in.hold_us);
  CHECK(out.row.client_ip == in.client_ip);
  CHECK(out.row.user_agent == in.user_agent);
}

TEST_CASE("record: a settlement comes back as it was") {
  const auto in = full_settlement("x");
  std::string bytes;
  encode(domain::RequestId{42}, in, bytes);
  const auto out = std::get<SettleRecord>(decode(bytes));
  const auto& end = out.settlement;
  CHECK(out.id.value == 42);
  CHECK(end.status == in.status);
  CHECK(end.http_status == in.http_status);
  CHECK(end.error_code == in.error_code);
  CHECK(end.upstream == in.upstream);
  CHECK(end.upstream_model == in.upstream_model);
  CHECK(end.usage == in.usage);
  CHECK(end.cost == in.cost);
  CHECK(end.upstream_cost == in.upstream_cost);
  CHECK(end.upstream_reported_cost == in.upstream_reported_cost);
  CHECK(end.basis == in.basis);
  CHECK(end.price_id == in.price_id);
  CHECK(end.attempts == in.attempts);
  CHECK(end.connect_us == in.connect_us);
  CHECK(end.first_byte_us == in.first_byte_us);
  CHECK(end.total_us == in.total_us);
  CHECK(end.response_id == in.response_id);
  CHECK(end.response_upstream == in.response_upstream);
  CHECK(end.tried == in.tried);
}

TEST_CASE("record: a cost that nobody reported stays absent") {
  std::string bytes;
  encode(domain::RequestId{1}, Settlement{}, bytes);
  CHECK_FALSE(std::get<SettleRecord>(decode(bytes)).settlement.upstream_reported_cost);
}

TEST_CASE("record: a hold of a child says whose it is, and which windows are its parent's") {
  auto in = full_row("x");
  in.parent = domain::KeyId("key_parent");
  auto windows = kWindows;
  windows[0].soft = true;
  windows.push_back({domain::Scope::key, domain::Metric::usd, domain::Period::day, false, true});
  windows.push_back({domain::Scope::key, domain::Metric::tokens, domain::Period::day, true, true});
  std::string bytes;
  encode(in, windows, bytes);
  const auto out = std::get<HoldRecord>(decode(bytes));
  CHECK(out.row.parent == in.parent);
  CHECK(out.windows == windows);
}

TEST_CASE("record: a hold without a parent has the bytes it always had") {
  const auto in = full_row("x");
  auto windows = kWindows;
  windows[0].soft = true;
  std::string bytes;
  encode(in, windows, bytes);
  CHECK(bytes[0] == 1);
  const auto out = std::get<HoldRecord>(decode(bytes));
  CHECK(out.row.parent.empty());
  CHECK(out.windows == windows);
}

TEST_CASE("record: the longest texts stay below the longest record") {
  const std::string endless(100'000, 'x');
  const std::vector<HeldWindow> windows(255, kWindows[0]);
  std::string hold;
  std::string settle;
  encode(full_row(endless), windows, hold);
  encode(domain::RequestId{INT64_MIN}, full_settlement(endless), settle);
  CHECK(hold.size() <= kMaxHoldBytes);
  CHECK(settle.size() <= kMaxSettleBytes);
  CHECK(std::get<HoldRecord>(decode(hold)).windows.size() == 255);
}

TEST_CASE("record: truncated or foreign bytes are refused") {
  std::string hold;
  std::string settle;
  encode(full_row("x"), kWindows, hold);
  encode(domain::RequestId{1}, full_settlement("x"), settle);
  for (const auto& bytes : {hold, settle}) {
    for (std::size_t size = 0; size < bytes.size(); ++size) {
      CHECK_THROWS_AS(decode(std::string_view(bytes).substr(0, size)), Error);
    }
  }
  CHECK_THROWS_AS(decode("\x07whatever"), Error);
}

}  // namespace nufi::ledger
