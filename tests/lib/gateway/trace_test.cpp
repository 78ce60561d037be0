#include "lib/gateway/trace.hpp"

#include "tests/support/fake_clock.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using namespace nufi;
using namespace nufi::gateway;

namespace {

constexpr const char* kKey = "sk-nufi-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY";

struct House {
  test::FakeClock clock{Timestamp(std::chrono::milliseconds(1'000'000))};
  TraceMemory memory{std::int64_t{4} << 20};

  std::unique_ptr<CallTrace> trace(std::shared_ptr<const World> world = nullptr) {
    return std::make_unique<CallTrace>(
        memory, clock, clock.steady(), domain::TraceMode::on, std::move(world));
  }
};

}  // namespace

TEST_CASE("trace: bodies are kept as they come, up to a limit, and their size all the same") {
  House house;
  auto trace = house.trace();
  trace->add_request("abc");
  trace->add_request("def");
  CHECK(trace->facts().request.bytes == "abcdef");
  CHECK_FALSE(trace->facts().request.is_cut());
  trace->add_request(std::string(CallTrace::kMostBody, 'x'));
  trace->add_request("behind the end");
  CHECK(trace->facts().request.bytes.size() == CallTrace::kMostBody);
  CHECK(trace->facts().request.is_cut());
  CHECK(trace->facts().request.size == std::int64_t{CallTrace::kMostBody} + 6 + 14);
  CHECK_FALSE(trace->facts().incomplete);
}

TEST_CASE("trace: memory is shared, and given back with the trace") {
  House house;
  std::vector<std::unique_ptr<CallTrace>> traces;
  for (int i = 0; i < 5; ++i) {
    traces.push_back(house.trace());
    traces.back()->add_reply(std::string(CallTrace::kMostBody, 'x'));
  }
  CHECK_FALSE(traces[3]->facts().incomplete);
  CHECK(traces[4]->facts().incomplete);
  CHECK(traces[4]->facts().reply.bytes.empty());
  traces[4]->add_reply("what follows a gap is not kept");
  CHECK(traces[4]->facts().reply.bytes.empty());
  traces.clear();
  CHECK(house.memory.used() == 0);
}

TEST_CASE("trace: another upstream's reply takes the place of the one before") {
  House house;
  auto trace = house.trace();
  trace->begin_reply("application/json", "a");
  trace->add_reply("refused");
  house.clock.advance(std::chrono::milliseconds(3));
  trace->begin_reply("text/event-stream", "b");
  house.clock.advance(std::chrono::milliseconds(2));
  trace->add_reply("data: 1\n\n");
  CHECK(house.memory.used() == 9);
  trace->end();
  CHECK(trace->facts().reply.bytes == "data: 1\n\n");
  CHECK(trace->facts().reply.content_type == "text/event-stream");
  REQUIRE(trace->facts().spans.size() == 1);
  CHECK(trace->facts().spans[0] == domain::TraceSpan{"reply", "b", 3000, 2000});
  CHECK(trace->facts().head.total_us == 5000);
}

TEST_CASE("trace: spans stand by their start; what took no time is left out") {
  House house;
  auto trace = house.trace();
  trace->span("probe", trace->now_us());
  const auto start = trace->now_us();
  house.clock.advance(std::chrono::milliseconds(1));
  trace->span("hold", trace->now_us() - 500);
  trace->span("body", start);
  trace->end();
  REQUIRE(trace->facts().spans.size() == 2);
  CHECK(trace->facts().spans[0] == domain::TraceSpan{"body", "", 0, 1000});
  CHECK(trace->facts().spans[1] == domain::TraceSpan{"hold", "", 500, 500});
}

TEST_CASE("trace: our keys and the secrets of upstreams are masked wherever they stand") {
  House house;
  auto world = std::make_shared<World>();
  world->ready[domain::UpstreamId("up_1")].api_key = "sk-provider-secret";
  world->ready[domain::UpstreamId("up_2")].api_key = "none";
  auto trace = house.trace(world);
  trace->add_request(std::string(R"({"messages":"my key is )") + kKey + R"("})");
  trace->add_reply("wrong key: sk-provider-secret, or none; sk-provider-secret");
  trace->facts().error = std::string("what is ") + kKey;
  trace->take_out_secrets();
  const auto& facts = trace->facts();
  CHECK(facts.request.bytes.find("bcdefghijkl") == std::string::npos);
  CHECK(facts.error.find("bcdefghijkl") == std::string::npos);
  CHECK(facts.reply.bytes == "wrong key: [secret], or none; [secret]");
  CHECK_FALSE(facts.request.is_cut());
  CHECK_FALSE(facts.reply.is_cut());
}

TEST_CASE("trace: what JSON writes with escapes is masked as well, and the rest stays as it came") {
  House house;
  auto world = std::make_shared<World>();
  world->ready[domain::UpstreamId("up_1")].api_key = "sk/provider-secret";
  auto trace = house.trace(world);
  trace->add_request(std::string(R"({"a":"\u0073\u006B\u002d)") + (kKey + 3) +
                     R"(","b":"\"\u0022\n"})");
  trace->add_reply(R"({"a":"sk\/provider\u002dsecret","b":"\\u0041","c":"\u00)");
  trace->take_out_secrets();
  CHECK(trace->facts().request.bytes == R"({"a":"sk-nufi-…","b":"\"\u0022\n"})");
  CHECK(trace->facts().reply.bytes == R"({"a":"[secret]","b":"\\u0041","c":"\u00)");
  auto other = house.trace(world);
  const std::string harmless = R"({"a":"\u0061\/b"})";
  other->add_request(harmless);
  other->take_out_secrets();
  CHECK(other->facts().request.bytes == harmless);
}

TEST_CASE("trace: a secret is masked in JSON in a string of JSON, at any depth") {
  House house;
  auto world = std::make_shared<World>();
  world->ready[domain::UpstreamId("up_1")].api_key = "sk-provider-secret";
  auto trace = house.trace(world);
  trace->add_request(std::string(R"({"arguments":"{\"k\":\"\\u0073k-)") + (kKey + 3) + R"(\"}"})");
  trace->add_reply(R"({"arguments":"{\"k\":\"{\\\"k\\\":\\\"\\\\u0073k-provider-secret\"}"})");
  trace->take_out_secrets();
  CHECK(trace->facts().request.bytes == R"({"arguments":"{\"k\":\"sk-nufi-…\"}"})");
  CHECK(trace->facts().reply.bytes == R"({"arguments":"{\"k\":\"{\\\"k\\\":\\\"[secret]\"}"})");
}

TEST_CASE("trace: keys, access tokens and secrets that pieces spell out are found") {
  House house;
  auto world = std::make_shared<World>();
  world->ready[domain::UpstreamId("up_1")].api_key = "sk-provider-secret";
  world->ready[domain::UpstreamId("up_2")].api_key = "none";
  auto trace = house.trace(world);
  const std::string key = kKey;
  const std::string token = "at" + key.substr(2);
  for (const std::string& secret : {key, token, std::string("sk-provider-secret")}) {
    for (std::size_t cut = 1; cut + 8 < secret.size(); ++cut) {
      CAPTURE(secret.substr(cut));
      CHECK(trace->spells_secret({"it is " + secret.substr(0, cut), secret.substr(cut) + "."}));
    }
    CHECK_MESSAGE(!trace->spells_secret({"it ", "is ", secret, "."}), "masks in a piece suffice");
  }
  CHECK(trace->spells_secret({R"({"k":"\u00)", "73k-nufi-abcdefghijklmnopq"}));
  CHECK_FALSE(trace->spells_secret({"keys ", "begin ", "with sk", "-nufi-", ", or at-nufi-", "."}));
  CHECK_FALSE(trace->spells_secret({"no", "ne"}));
  CHECK_FALSE(trace->spells_secret({}));
}

TEST_CASE("trace: what is put in the place of a reply is whole") {
  House house;
  auto trace = house.trace();
  trace->begin_reply("text/event-stream", "up");
  trace->add_reply(std::string(CallTrace::kMostBody + 1, 'x'));
  trace->replace_reply("application/json", "{}");
  CHECK(trace->facts().reply.bytes == "{}");
  CHECK(trace->facts().reply.content_type == "application/json");
  CHECK_FALSE(trace->facts().reply.is_cut());
}

TEST_CASE("trace: what was cut stays cut when it is masked") {
  House house;
  auto world = std::make_shared<World>();
  world->ready[domain::UpstreamId("up_1")].api_key = "12345678";
  auto trace = house.trace(world);
  std::string body = "12345678";
  body.resize(CallTrace::kMostBody + 1, 'x');
  trace->add_reply(body);
  trace->take_out_secrets();
  CHECK(trace->facts().reply.is_cut());
}
