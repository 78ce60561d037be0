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
  f.ask.money = Money::nanos(700);  // another candidate would have cost something
  CHECK(f.settle(Ending::unseen, nullptr).cost == Money::zero());
  CHECK(f.settle(Ending::served, &meter).basis == CostBasis::exact);
  CHECK(f.settle(Ending::served, &meter).cost == Money::zero());
  CHECK(f.settle(Ending::unseen, nullptr).basis == CostBasis::held);
}

TEST_CASE("charge: a hold is charged with the multiplier, but the upstream takes it without") {
  Fixture f;
  f.pricing.multiplier = 2'000'000;
  CHECK(f.settle(Ending::unseen, nullptr).cost == Money::nanos(5'000'000));
  CHECK(f.settle(Ending::unseen, nullptr).upstream_cost == Money::nanos(2'500'000));
  f.pricing.multiplier = 3'000'000;
  CHECK(f.settle(Ending::unseen, nullptr).upstream_cost == Money::nanos(1'666'667));
  f.pricing.multiplier = 0;
  CHECK(f.settle(Ending::unseen, nullptr).upstream_cost == Money::zero());
}

TEST_CASE("charge: a cost out of range is charged as the hold, not left open") {
  Fixture f;
  f.price.rates.own(Bucket::output) = INT64_MAX;
  const auto meter = plain(R"({"usage":{"prompt_tokens":0,"completion_tokens":1000000000}})");
  const auto settlement = f.settle(Ending::served, &meter);
  CHECK(settlement.error_code == "cost_out_of_range");
  CHECK(settlement.basis == CostBasis::held);
  CHECK(settlement.cost == f.ask.money);
}

TEST_CASE("charge: usage 0 is charged as 0, not estimated") {
  Fixture f;
  const auto meter = plain(R"({"usage":{"prompt_tokens":0,"completion_tokens":0}})");
  const auto settlement = f.settle(Ending::served, &meter);
  CHECK(settlement.basis == CostBasis::exact);
  CHECK(settlement.cost == Money::zero());
}

TEST_CASE("charge: where nothing is made, a missing usage is the prompt") {
  Fixture f;
  f.asked.form = openai::Form::embeddings;
  Meter meter(Meter::Kind::plain, {openai::Form::embeddings, false, false});
  meter.feed(R"({"data":[{"embedding":[0.1,0.2,0.3,0.4,0.5,0.6]}]})");
  const auto settlement = f.settle(Ending::served, &meter);
  CHECK(settlement.basis == CostBasis::estimated);
  CHECK(settlement.usage[Bucket::input] == 100);
  CHECK(settlement.usage.total() == 100);
}

TEST_CASE("charge: pictures without usage are counted in the reply, else as they were asked for") {
  Fixture f;
  f.price.rates = {};
  f.price.per_image = Money::nanos(40'000'000);
  f.asked.form = openai::Form::images;
  f.asked.images = 3;
  f.asked.picture_tokens = 8192;
  const Meter::Options options{openai::Form::images, false, false};
  Meter two(Meter::Kind::plain, options);
  two.feed(R"({"created":1,"data":[{"url":"a"},{"url":"b"}]})");
  CHECK(f.settle(Ending::served, &two).usage.images == 2);
  CHECK(f.settle(Ending::served, &two).usage.total() == 0);
  CHECK(f.settle(Ending::served, &two).basis == CostBasis::exact);
  Meter none(Meter::Kind::plain, options);
  none.feed("{}");
  CHECK(f.settle(Ending::served, &none).usage.images == 3);
  // A price per token: what was held at most.
  f.price.rates.own(Bucket::output) = 1'000;
  f.ask.tokens = 100'000;
  CHECK(f.settle(Ending::served, &none).usage[Bucket::image_output] == 3 * 8192);
  CHECK(f.settle(Ending::served, &none).basis == CostBasis::estimated);
}

TEST_CASE("charge: pictures with usage are counted too") {
  Fixture f;
  f.asked.form = openai::Form::images;
  f.asked.images = 1;
  Meter meter(Meter::Kind::plain, {openai::Form::images, false, false});
  meter.feed(R"({"data":[{"b64_json":"AAAA"}],"usage":{"input_tokens":5,"output_tokens":272}})");
  const auto settlement = f.settle(Ending::served, &meter);
  CHECK(settlement.basis == CostBasis::exact);
  CHECK(settlement.usage.images == 1);
  CHECK(settlement.usage[Bucket::image_output] == 272);
}

TEST_CASE("charge: speech is billed by the characters asked for, by the token as an estimate") {
  Fixture f;
  f.price.rates = {};
  f.price.per_character = Money::nanos(15'000);
  f.asked.form = openai::Form::speech;
  f.asked.characters = 100;
  const Meter sound(Meter::Kind::opaque, {openai::Form::speech, false, false});
  auto settlement = f.settle(Ending::served, &sound);
  CHECK(settlement.basis == CostBasis::exact);
  CHECK(settlement.usage.characters == 100);
  CHECK(settlement.usage.total() == 0);

  f.price.rates.own(Bucket::audio_output) = 12'000'000'000;
  settlement = f.settle(Ending::served, &sound);
  CHECK(settlement.basis == CostBasis::estimated);
  CHECK(settlement.usage[Bucket::audio_output] == 150);

  f.price = {};
  f.price.per_second = Money::nanos(250'000);
  settlement = f.settle(Ending::served, &sound);
  CHECK(settlement.basis == CostBasis::estimated);
  CHECK(settlement.usage.audio_ms == 7'200);
}

TEST_CASE("charge: a half that the usage leaves out is estimated") {
  Fixture f;
  const auto charged = [&f](const std::string& usage) {
    const auto text = R"({"usage":)" + usage + R"(,"x":")";
    const auto meter = plain(text + std::string(400 - text.size() - 2, 'x') + "\"}");
    return f.settle(Ending::served, &meter);
  };
  auto settlement = charged(R"({"prompt_tokens":5})");
  CHECK(settlement.basis == CostBasis::estimated);
  CHECK(settlement.usage[Bucket::input] == 5);
  CHECK(settlement.usage[Bucket::output] == 100);
  settlement = charged(R"({"completion_tokens":7})");
  CHECK(settlement.basis == CostBasis::estimated);
  CHECK(settlement.usage[Bucket::input] == 100);
  CHECK(settlement.usage[Bucket::output] == 7);
  settlement = charged(R"({"total_tokens":350})");
  CHECK(settlement.basis == CostBasis::estimated);
  CHECK(settlement.usage[Bucket::input] == 100);
  CHECK(settlement.usage[Bucket::output] == 250);
  settlement = charged(R"({"total_tokens":50})");
  CHECK(settlement.usage[Bucket::output] == 100);  // never below what was counted
}

TEST_CASE("charge: output behind the usage of a stream is not free") {
  Fixture f;
  const std::string usage = R"("usage":{"prompt_tokens":20,"completion_tokens":3})";
  const auto event = [](const std::string& text, const std::string& more) {
    return R"(data: {"choices":[{"delta":{"content":")" + text + R"("}}])" + more + "}\n\n";
  };
  const std::string done = "data: [DONE]\n\n";
  Meter early(Meter::Kind::stream);
  early.feed("data: {\"choices\":[]," + usage + "}\n\n" + event(std::string(400, 'a'), "") + done);
  auto settlement = f.settle(Ending::served, &early);
  CHECK(settlement.basis == CostBasis::estimated);
  CHECK(settlement.usage[Bucket::input] == 20);
  CHECK(settlement.usage[Bucket::output] == 100);
  CHECK(used_so_far(early, f.ask, f.asked).completion() == 100);

  // Less than it said already, or in the same event: it is the whole usage.
  Meter few(Meter::Kind::stream);
  few.feed("data: {\"choices\":[]," + usage + "}\n\n" + event("ab", "") + done);
  Meter same(Meter::Kind::stream);
  same.feed(event("ab", "," + usage) + event(std::string(400, 'a'), "," + usage) + done);
  for (const auto* meter : {&few, &same}) {
    settlement = f.settle(Ending::served, meter);
    CHECK(settlement.basis == CostBasis::exact);
    CHECK(settlement.usage[Bucket::output] == 3);
  }
}

TEST_CASE("charge: pictures that can't be read are charged as the hold, missing ones as asked") {
  Fixture f;
  f.price.rates = {};
  f.price.per_image = Money::nanos(40'000'000);
  f.asked.form = openai::Form::images;
  f.asked.images = 3;
  for (const auto* data : {R"("x")", "{}", "7", R"(["a","b"])", "[{},null]"}) {
    CAPTURE(data);
    Meter meter(Meter::Kind::plain, {openai::Form::images, false, false});
    meter.feed(std::string(R"({"data":)") + data + "}");
    const auto settlement = f.settle(Ending::served, &meter);
    CHECK(settlement.basis == CostBasis::held);
    CHECK(settlement.cost == f.ask.money);
    CHECK(settlement.error_code == "usage_invalid");
  }
  for (const auto* body : {"{}", R"({"data":null})"}) {
    Meter meter(Meter::Kind::plain, {openai::Form::images, false, false});
    meter.feed(body);
    const auto settlement = f.settle(Ending::served, &meter);
    CHECK(settlement.basis == CostBasis::estimated);
    CHECK(settlement.usage.images == 3);
  }
}

TEST_CASE(
    "charge: a cost that is absurd without a limit is charged as the hold, so that sums hold") {
  Fixture f;
  f.price.rates.own(Bucket::output) = 9'000'000'000'000'000'000;
  const auto meter = plain(R"({"usage":{"prompt_tokens":1,"completion_tokens":900}})");
  auto settlement = f.settle(Ending::served, &meter);
  CHECK(settlement.error_code == "cost_out_of_range");
  CHECK(settlement.cost == f.ask.money);
  // A budget that has room for it makes it no less.
  f.ask.money = Money::nanos(9'000'000'000'000'000);
  settlement = f.settle(Ending::served, &meter);
  CHECK(settlement.error_code.empty());
  CHECK(settlement.cost == Money::nanos(8'100'000'000'001'000));
}
