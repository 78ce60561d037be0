#include "lib/gateway/meter.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace nufi;
using namespace nufi::gateway;
using Kind = Meter::Kind;
using UsageKind = Meter::UsageKind;

namespace {

const std::string kUsage =
    R"(data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}})";
const std::string kDone = "data: [DONE]";

std::string content(const std::string& text, const std::string& more = R"(,"usage":null)") {
  return R"(data: {"id":"c","choices":[{"index":0,"delta":{"content":")" + text + R"("}}])" + more +
         "}";
}

Meter::Options chat(bool drop) {
  return {openai::Form::chat, drop, /*watch_tier=*/false};
}

/// The events with `end` behind each.
std::string stream(const std::vector<std::string>& events, const std::string& end = "\n\n") {
  std::string text;
  for (const auto& event : events) text += event + end;
  return text;
}

struct Passed {
  std::string early;  ///< by feed()
  std::string late;   ///< by rest()
  std::string summary;
};

Passed pass(Meter& meter, const std::vector<std::string>& pieces) {
  Passed passed;
  for (const auto& piece : pieces) passed.early += meter.feed(piece);
  passed.late = meter.rest();
  passed.summary =
      std::to_string(meter.usage_kind() == UsageKind::reported ? meter.usage().usage.total() : -1) +
      (meter.done() ? " done" : "") + (meter.failed() ? " failed" : "") +
      (meter.has_content() ? " content" : "") + " ~" + std::to_string(meter.estimated_output());
  return passed;
}

std::vector<std::string> random_pieces(const std::string& text, std::mt19937& random) {
  std::vector<std::string> pieces;
  const std::size_t most = 1 + random() % 40;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = 1 + random() % most;
    pieces.push_back(text.substr(at, size));
    at += size;
  }
  return pieces;
}

/// Checks the three invariants for `text` in random pieces: `early` passes by feed(), `late` is
/// held back for rest(), and what is known at the end does not hang on the pieces.
void check(const std::string& text, bool drop, const std::string& early, const std::string& late) {
  std::mt19937 random(7);
  Meter whole(Kind::stream, chat(drop));
  const auto expected = pass(whole, {text});
  CHECK(expected.early == early);
  CHECK(expected.late == late);
  for (int turn = 0; turn < 300; ++turn) {
    Meter meter(Kind::stream, chat(drop));
    const auto passed = pass(meter, random_pieces(text, random));
    REQUIRE(passed.early == early);
    REQUIRE(passed.late == late);
    REQUIRE(passed.summary == expected.summary);
  }
}

std::string summary(Kind kind, bool drop, const std::string& text) {
  Meter meter(kind, chat(drop));
  return pass(meter, {text}).summary;
}

}  // namespace

TEST_CASE("meter: the usage event that only we asked for is taken out, all else passes") {
  for (const auto* end : {"\n\n", "\r\n\r\n", "\r\r"}) {
    CAPTURE(end);
    const std::vector<std::string> answer = {
        ": comment", content("Hel"), content("lo \\\"usage\\\":{}")};
    auto all = answer;
    all.push_back(kUsage);
    all.push_back(kDone);
    check(stream(all, end), true, stream(answer, end), kDone + end);
  }
}

TEST_CASE("meter: the usage event stays when the client asked for it") {
  check(stream({content("a"), kUsage, kDone}),
        false,
        stream({content("a"), kUsage}),
        stream({kDone}));
}

TEST_CASE("meter: usage in the last content event stays and counts") {
  const auto last = content("!", R"(,"usage":{"prompt_tokens":3,"completion_tokens":4})");
  check(stream({content("a"), last, kDone}), true, stream({content("a"), last}), stream({kDone}));
  CHECK(summary(Kind::stream, true, stream({last, kDone})).starts_with("7 done"));
}

TEST_CASE("meter: of usage in every event the last one counts, not the sum") {
  const auto with = [](int tokens) {
    return content(
        "x", R"(,"usage":{"prompt_tokens":5,"completion_tokens":)" + std::to_string(tokens) + "}");
  };
  CHECK(summary(Kind::stream, true, stream({with(1), with(2), with(3), kDone}))
            .starts_with("8 done"));
}

TEST_CASE("meter: an answer that says \"usage\" does not hide the usage") {
  const auto last = content("usage", R"(,"usage":{"prompt_tokens":3,"completion_tokens":4})");
  CHECK(summary(Kind::stream, true, stream({last, kDone})).starts_with("7 done"));
  const auto nested =
      R"(data: {"choices":[{"delta":{},"usage":null}],"usage":{"prompt_tokens":3,"completion_tokens":4}})";
  CHECK(summary(Kind::stream, true, stream({nested, kDone})).starts_with("7 done"));
}

TEST_CASE("meter: a usage event without a choices member is taken out as well") {
  const std::string bare =
      R"(data: {"choices":null,"usage":{"prompt_tokens":1,"completion_tokens":1}})";
  check(stream({content("a"), bare, kDone}), true, stream({content("a")}), stream({kDone}));
  const std::string none = R"(data: {"usage":{"prompt_tokens":1,"completion_tokens":1}})";
  check(stream({content("a"), none, kDone}), true, stream({content("a")}), stream({kDone}));
}

TEST_CASE("meter: usage null is none, usage that can't be is told from it") {
  CHECK(summary(Kind::stream, true, stream({content("a"), kDone})).starts_with("-1 done content"));
  Meter meter(Kind::stream);
  meter.feed(stream({content("a", R"(,"usage":"lots")")}));
  CHECK(meter.usage_kind() == UsageKind::impossible);
}

TEST_CASE("meter: the end marker is held back however it is written") {
  for (const std::string done :
       {"data: [DONE]", "data:[DONE]", "event: done\ndata: [DONE]", "id: 1\r\ndata: [DONE]"}) {
    CAPTURE(done);
    std::mt19937 random(3);
    for (int turn = 0; turn < 100; ++turn) {
      Meter meter(Kind::stream);
      const auto text = stream({content("a"), done});
      const auto passed = pass(meter, random_pieces(text, random));
      REQUIRE(passed.early + passed.late == text);
      REQUIRE(meter.done());
      REQUIRE(passed.early.find("[") == passed.early.find("[{"));
      REQUIRE(passed.early.find("[D") == std::string::npos);
    }
  }
}

TEST_CASE("meter: what follows the end marker is held back with it, a late usage counts") {
  check(stream({content("a"), kDone, ": bye"}),
        false,
        stream({content("a")}),
        stream({kDone, ": bye"}));
  CHECK(summary(Kind::stream, true, stream({content("a"), kDone, kUsage})).starts_with("11 done"));
}

TEST_CASE("meter: an event that is whole passes at once, content as it comes") {
  Meter meter(Kind::stream, chat(true));
  CHECK(meter.feed(stream({content("a")})) == stream({content("a")}));
  const auto event = stream({content("bcd")});
  const auto at = event.find("bcd");
  CHECK(meter.feed(event.substr(0, at)) == event.substr(0, at));
  CHECK(meter.feed("b") == "b");
  CHECK(meter.feed(event.substr(at + 1)) == event.substr(at + 1));
}

TEST_CASE("meter: a stream that ends in the middle of an event loses no byte") {
  check(stream({content("a")}) + "data: [DONE]", true, stream({content("a")}), "data: [DONE]");
  check(stream({content("a")}) + R"(data: {"id")", true, stream({content("a")}), R"(data: {"id")");
}

TEST_CASE("meter: an error event is seen") {
  for (const std::string error :
       {R"(data: {"error":{"message":"x"}})",
        R"(data: { "error" : {"message":"x"}})",
        R"(data: {"id":"1","choices":[{"delta":{"content":""}}],"error":{"code":502}})"}) {
    CAPTURE(error);
    CHECK(summary(Kind::stream, true, stream({error})).find("failed") != std::string::npos);
  }
  CHECK(summary(Kind::stream, true, stream({content("\\\"error\\\":{}", R"(,"error":null)")}))
            .find("failed") == std::string::npos);
  CHECK(
      summary(Kind::stream, true, stream({R"(data: {"error":{"message":"x"}})"})).find("content") ==
      std::string::npos);
}

TEST_CASE("meter: output is at least a token per event, else judged by the text") {
  std::string text;
  for (int i = 0; i < 10; ++i) text += stream({content("a")});
  Meter few(Kind::stream);
  few.feed(text);
  CHECK(few.estimated_output() == 10);
  Meter much(Kind::stream);
  much.feed(text + stream({content(std::string(401, 'x'))}));
  CHECK(much.estimated_output() == 110);
  // An upstream may pack many tokens into every event, all of one length.
  Meter packed(Kind::stream);
  for (int i = 0; i < 10; ++i) packed.feed(stream({content(std::string(400, 'x'))}));
  CHECK(packed.estimated_output() >= 1000);
  CHECK(Meter(Kind::stream).estimated_output() == 0);
}

TEST_CASE("meter: a plain reply passes as it comes and is read as it passes") {
  const std::string body =
      R"({"choices":[{"message":{"content":"\"usage\":{\"prompt_tokens\":99}"}}], "usage" : {"prompt_tokens":5,"completion_tokens":2} })";
  std::mt19937 random(5);
  for (int turn = 0; turn < 100; ++turn) {
    Meter meter(Kind::plain, chat(true));
    const auto passed = pass(meter, random_pieces(body, random));
    REQUIRE(passed.early == body);
    REQUIRE(passed.late.empty());
    REQUIRE(meter.usage_kind() == UsageKind::reported);
    REQUIRE(meter.usage().usage.total() == 7);
  }
}

TEST_CASE("meter: a plain reply without usage, or with null, has none") {
  for (const auto* body : {"{}",
                           "{\"usage\":null}",
                           "{ \"usage\" : null }",
                           "{\"usage\": null}",
                           "oops",
                           R"({"usage":{"prompt_tokens":5})"}) {
    CAPTURE(body);
    Meter meter(Kind::plain);
    meter.feed(body);
    CHECK(meter.usage_kind() == UsageKind::missing);
  }
  Meter meter(Kind::plain);
  meter.feed(R"({"usage":{"prompt_tokens":-5}})");
  CHECK(meter.usage_kind() == UsageKind::impossible);
}

TEST_CASE("meter: the tier a reply names is noted when it is watched for") {
  using domain::ServiceTier;
  Meter plain(Kind::plain, {openai::Form::chat, false, true});
  plain.feed(R"({ "service_tier": "default", "x":1 })");
  CHECK(plain.tier() == ServiceTier::standard);
  Meter streamed(Kind::stream, {openai::Form::chat, false, true});
  streamed.feed(stream({content("a", R"(,"service_tier":"priority")")}));
  CHECK(streamed.tier() == ServiceTier::priority);
  Meter unwatched(Kind::stream);
  unwatched.feed(stream({content("a", R"(,"service_tier":"priority")")}));
  CHECK_FALSE(unwatched.tier());
}

TEST_CASE("meter: a prompt is a token per four ASCII bytes, one per two others") {
  CHECK(estimated_prompt("") == 0);
  CHECK(estimated_prompt("abcde") == 2);
  CHECK(estimated_prompt("\xc3\xa9\xc3\xa9") == 2);
}

TEST_CASE("meter: a role or an empty text is nothing that a client sees") {
  const auto sees = [](const std::string& delta) {
    Meter meter(Kind::stream);
    meter.feed(R"(data: {"choices":[{"index":0,"delta":)" + delta + "}]}\n\n");
    CHECK(meter.estimated_output() > 0);
    return meter.has_visible_text();
  };
  CHECK_FALSE(sees(R"({"role":"assistant","content":"","refusal":null})"));
  CHECK_FALSE(sees(R"({"role":"assistant","content":null})"));
  CHECK_FALSE(sees("{}"));
  CHECK(sees(R"({"content":"a"})"));
  CHECK(sees(R"({"content":"","reasoning_content":"hm"})"));
  CHECK(sees(R"({"tool_calls":[{"index":0}]})"));
}

TEST_CASE("meter: a stream that begins with a byte order mark is read, and passes as it is") {
  const std::string mark = "\xef\xbb\xbf";
  const auto text = mark + stream({kUsage, kDone});
  Meter meter(Kind::stream);
  const std::string early(meter.feed(text));
  CHECK(meter.usage_kind() == UsageKind::reported);
  CHECK(meter.done());
  CHECK(early + std::string(meter.rest()) == text);
}
