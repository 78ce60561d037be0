#include "lib/gateway/charge.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::gateway;
using domain::Bucket;
using domain::CostBasis;
using domain::Money;

namespace {

/// 1 USD per million input, 10 per million output tokens.
struct Fixture {
  Fixture() {
    price.id = "set/m";
    price.rates.own(Bucket::input) = 1'000'000'000;
    price.rates.own(Bucket::output) = 10'000'000'000;
    pricing.price = &price;
    ask.tokens = 1000;
    ask.money = Money::nanos(5'000'000);
  }
  ledger::Settlement settle(Ending ending, const Meter* meter, std::int64_t prompt = 100) const {
    ledger::Settlement settlement;
    Asked of = asked;
    of.prompt_estimate = prompt;
    charge(ending, meter, pricing, ask, of, settlement);
    return settlement;
  }
  domain::Price price;
  Pricing pricing;
  domain::Ask ask;
  Asked asked;
};

Meter plain(const std::string& body) {
  Meter meter(Meter::Kind::plain);
  meter.feed(body);
  return meter;
}
const std::string kReply = R"({"usage":{"prompt_tokens":20,"completion_tokens":3,"cost":0.5}})";

}  // namespace

TEST_CASE("charge: what the reply reports is charged exactly") {
  Fixture f;
  const auto meter = plain(kReply);
  for (const auto ending : {Ending::served, Ending::cut_short}) {
    const auto settlement = f.settle(ending, &meter);
    CHECK(settlement.basis == CostBasis::exact);
    CHECK(settlement.cost == Money::nanos(20'000 + 30'000));
    CHECK(settlement.upstream_cost == settlement.cost);
    CHECK(settlement.upstream_reported_cost == Money::nanos(500'000'000));
    CHECK(settlement.usage.total() == 23);
    CHECK(settlement.price_id == "set/m");
  }
}

TEST_CASE("charge: a multiplier is for the key, not for what the upstream takes") {
  Fixture f;
  f.pricing.multiplier = 1'500'000;
  const auto meter = plain(kReply);
  CHECK(f.settle(Ending::served, &meter).cost == Money::nanos(75'000));
  CHECK(f.settle(Ending::served, &meter).upstream_cost == Money::nanos(50'000));
}

TEST_CASE("charge: more than was held is recorded too") {
  Fixture f;
  const auto meter = plain(R"({"usage":{"prompt_tokens":1000000,"completion_tokens":0}})");
  CHECK(f.settle(Ending::served, &meter).cost == Money::nanos(1'000'000'000));
}

TEST_CASE("charge: a missing usage is estimated and never passes the hold") {
  Fixture f;
  const auto few = plain(std::string(40, 'x'));
  auto settlement = f.settle(Ending::served, &few);
  CHECK(settlement.basis == CostBasis::estimated);
  CHECK(settlement.usage[Bucket::input] == 100);
  CHECK(settlement.usage[Bucket::output] == 10);
  const auto much = plain(std::string(40'000, 'x'));
  settlement = f.settle(Ending::served, &much);
  CHECK(settlement.usage.total() == 1000);
  CHECK(settlement.cost == f.ask.money);
  CHECK(f.settle(Ending::cut_short, nullptr, 5000).usage[Bucket::input] == 1000);
  CHECK(f.settle(Ending::cut_short, nullptr).usage[Bucket::output] == 0);
}

TEST_CASE("charge: a usage that can't be is charged as the hold and flagged") {
  Fixture f;
  const auto meter = plain(R"({"usage":{"prompt_tokens":-1}})");
  const auto settlement = f.settle(Ending::served, &meter);
  CHECK(settlement.basis == CostBasis::held);
  CHECK(settlement.error_code == "usage_invalid");
  CHECK(settlement.cost == f.ask.money);
  CHECK(settlement.usage.total() == f.ask.tokens);
}

TEST_CASE("charge: a call that ran on unseen costs the hold, a failed one nothing") {
  Fixture f;
  const auto meter = plain(kReply);
  CHECK(f.settle(Ending::unseen, nullptr).cost == f.ask.money);
  CHECK(f.settle(Ending::unseen, nullptr).basis == CostBasis::held);
  const auto failed = f.settle(Ending::failed, &meter);
  CHECK(failed.cost == Money::zero());
  CHECK(failed.usage.total() == 0);
  CHECK(failed.basis == CostBasis::exact);
}

TEST_CASE("charge: without a price only tokens count, and a free call costs nothing") {
  Fixture f;
  f.pricing.price = nullptr;
  f.ask.money = Money::zero();
  const auto meter = plain(kReply);
  CHECK(f.settle(Ending::served, &meter).basis == CostBasis::none);
  CHECK(f.settle(Ending::served, &meter).usage.total() == 23);
  CHECK(f.settle(Ending::unseen, nullptr).basis == CostBasis::none);
  f.pricing.free = true;
  CHECK(f.settle(Ending::served, &meter).basis == CostBasis::exact);
  CHECK(f.settle(Ending::served, &meter).cost == Money::zero());
  CHECK(f.settle(Ending::unseen, nullptr).basis == CostBasis::held);
}
