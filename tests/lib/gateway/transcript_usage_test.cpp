#include "lib/gateway/transcript_usage.hpp"

#include "lib/domain/coverage.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi;
using namespace nufi::gateway;
using domain::Bucket;
using domain::CostBasis;
using domain::Money;
using openai::Form;

namespace {

struct Fixture {
  Fixture() {
    asked.form = Form::transcriptions;
    asked.audio_ms = 30'000;
    asked.audio_ms_bound = 60'000;
    ask.tokens = 10'000;
    ask.money = Money::nanos(6'000'000);
    by_second.per_second = Money::nanos(100'000);
    by_token.rates.own(Bucket::input) = 1'000'000'000;
    by_token.rates.own(Bucket::audio_input) = 6'000'000'000;
    by_token.rates.own(Bucket::output) = 10'000'000'000;
  }
  ledger::Settlement settle(const domain::Price& price,
                            const std::string& reply,
                            Meter::Kind kind = Meter::Kind::plain,
                            Ending ending = Ending::served) const {
    Meter::Options options;
    options.form = Form::transcriptions;
    Meter meter(kind, options);
    meter.feed(reply);
    meter.end();
    Pricing pricing;
    pricing.price = &price;
    ledger::Settlement settlement;
    charge(ending, &meter, pricing, ask, asked, settlement);
    return settlement;
  }
  Asked asked;
  domain::Ask ask;
  domain::Price by_second;
  domain::Price by_token;
};

const std::string kSeconds = R"({"text":"x","usage":{"type":"duration","seconds":9}})";
const std::string kTokens =
    R"({"text":"x","usage":{"type":"tokens","input_tokens":20,)"
    R"("input_token_details":{"text_tokens":6,"audio_tokens":14},"output_tokens":5}})";

}  // namespace

TEST_CASE("transcripts: what the price knows and the reply reports is exact") {
  Fixture f;
  const auto seconds = f.settle(f.by_second, kSeconds);
  CHECK(seconds.basis == CostBasis::exact);
  CHECK(seconds.cost == Money::nanos(900'000));
  CHECK(seconds.usage.audio_ms == 9'000);
  const auto tokens = f.settle(f.by_token, kTokens);
  CHECK(tokens.basis == CostBasis::exact);
  CHECK(tokens.cost == Money::nanos(6 * 1'000 + 14 * 6'000 + 5 * 10'000));
  const auto verbose = f.settle(f.by_second, R"({"duration":"8.5","text":"x"})");
  CHECK(verbose.basis == CostBasis::exact);
  CHECK(verbose.cost == Money::nanos(850'000));
  // Reported in full, though more than was held.
  const auto more = f.settle(f.by_second, R"({"usage":{"type":"duration","seconds":100}})");
  CHECK(more.cost == Money::nanos(10'000'000));
}

TEST_CASE("transcripts: what nobody says is estimated, by captions or by the file") {
  Fixture f;
  const auto text = f.settle(f.by_second, "Hello.", Meter::Kind::opaque);
  CHECK(text.basis == CostBasis::estimated);
  CHECK(text.cost == Money::nanos(3'000'000));
  const auto captions =
      f.settle(f.by_second, "1\n00:00:00,000 --> 00:00:12,000\nHello\n", Meter::Kind::opaque);
  CHECK(captions.basis == CostBasis::estimated);
  CHECK(captions.cost == Money::nanos(1'200'000));
  // Seconds where the price knows tokens, and tokens where it knows seconds.
  const auto crossed = f.settle(f.by_token, kSeconds);
  CHECK(crossed.basis == CostBasis::estimated);
  CHECK(crossed.usage[Bucket::audio_input] == 150);
  CHECK(f.settle(f.by_second, kTokens).cost == Money::nanos(3'000'000));
  // A reply that broke off: the sound had been heard.
  const auto cut = f.settle(f.by_second, "{\"te", Meter::Kind::plain, Ending::cut_short);
  CHECK(cut.cost == Money::nanos(3'000'000));
  // Never more than was held.
  f.asked.audio_ms = 90'000;
  CHECK(f.settle(f.by_second, "Hello.", Meter::Kind::opaque).cost == Money::nanos(6'000'000));
}

TEST_CASE("transcripts: seconds that can't be are charged as the hold") {
  Fixture f;
  for (const auto* bad : {R"({"usage":{"seconds":-1}})", R"({"usage":{"seconds":"many"}})"}) {
    const auto settlement = f.settle(f.by_second, bad);
    CHECK(settlement.basis == CostBasis::held);
    CHECK(settlement.error_code == "usage_invalid");
  }
}

TEST_CASE("transcripts: a price covers them by the second, or by tokens of both kinds") {
  Fixture f;
  domain::Call call;
  call.endpoint = "audio/transcriptions";
  CHECK(domain::covers(f.by_second, call));
  CHECK(domain::covers(f.by_token, call));
  domain::Price half;
  half.rates.own(Bucket::audio_input) = 1;
  CHECK_FALSE(domain::covers(half, call));
}
