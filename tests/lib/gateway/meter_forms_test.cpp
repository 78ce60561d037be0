// How each endpoint's reply says what it used.
#include "lib/gateway/meter.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

using namespace nufi;
using namespace nufi::gateway;
using openai::Form;
using Kind = Meter::Kind;
using UsageKind = Meter::UsageKind;

namespace {

Meter::Options options(Form form) {
  return {form, /*drop_usage_event=*/false, /*watch_tier=*/false};
}

std::string event(const std::string& type, const std::string& members) {
  return "event: " + type + "\ndata: {\"type\":\"" + type + "\"," + members + "}\n\n";
}

std::string delta(const std::string& text) {
  return event("response.output_text.delta", R"("item_id":"msg_1","delta":")" + text + '"');
}

std::string ended(const std::string& how, const std::string& usage, std::size_t padding = 0) {
  return event("response." + how,
               R"("response":{"id":"resp_1","error":null,"instructions":")" +
                   std::string(padding, 'i') + R"(","output":[{"usage":7}],"usage":)" + usage +
                   "}");
}

const std::string kUsage =
    R"({"input_tokens":10,"input_tokens_details":{"cached_tokens":4},"output_tokens":6,"output_tokens_details":{"reasoning_tokens":5},"total_tokens":16})";

struct Passed {
  std::string early;
  std::string late;
};

/// Passes `text` in pieces of random size.
Passed pass(Meter& meter, const std::string& text, std::mt19937& random, std::size_t longest) {
  Passed passed;
  const std::size_t most = 1 + random() % longest;
  for (std::size_t at = 0; at < text.size();) {
    const auto size = 1 + random() % most;
    passed.early += meter.feed(text.substr(at, size));
    at += size;
  }
  meter.end();
  passed.late = meter.rest();
  return passed;
}

}  // namespace

TEST_CASE("meter: a response's last event is held back and says what it used") {
  for (const std::string how : {"completed", "failed", "incomplete"}) {
    CAPTURE(how);
    const auto early = event("response.created", R"("response":{"usage":null})") + delta("Hi");
    const auto late = ended(how, kUsage);
    std::mt19937 random(1);
    for (int turn = 0; turn < 100; ++turn) {
      Meter meter(Kind::stream, options(Form::responses));
      const auto passed = pass(meter, early + late, random, 60);
      REQUIRE(passed.early == early);
      REQUIRE(passed.late == late);
      REQUIRE(meter.done());
      REQUIRE(meter.failed() == (how == "failed"));
      REQUIRE(meter.usage_kind() == UsageKind::reported);
      REQUIRE(meter.usage().usage.total() == 16);
      REQUIRE(meter.usage().usage[domain::Bucket::cached_input] == 4);
      REQUIRE(meter.usage().usage[domain::Bucket::reasoning] == 5);
    }
  }
}

TEST_CASE("meter: a last event that is too long to be kept is read as it passes") {
  const auto late = ended("completed", kUsage, 300'000);
  std::mt19937 random(2);
  for (int turn = 0; turn < 10; ++turn) {
    Meter meter(Kind::stream, options(Form::responses));
    const auto passed = pass(meter, delta("Hi") + late, random, 30'000);
    REQUIRE(passed.early + passed.late == delta("Hi") + late);
    REQUIRE(passed.late.ends_with("\n\n"));
    REQUIRE(passed.early.size() > 100'000);
    REQUIRE(meter.done());
    REQUIRE(meter.usage().usage.total() == 16);
    REQUIRE(meter.estimated_output() == 1);
  }
}

TEST_CASE("meter: a response's output is judged by its deltas alone") {
  Meter meter(Kind::stream, options(Form::responses));
  meter.feed(delta(std::string(40, 'x')) + delta("a") +
             event("response.output_text.done", R"("text":")" + std::string(4000, 'x') + '"') +
             event("response.content_part.added", R"("part":{"delta":5})"));
  CHECK(meter.estimated_output() == 11);
  CHECK(meter.has_content());
  CHECK_FALSE(meter.done());
  CHECK(meter.usage_kind() == UsageKind::missing);
}

TEST_CASE("meter: a plain response, embedding or reranking has its usage at the root") {
  const auto usage = [](Form form, const std::string& body) {
    Meter meter(Kind::plain, options(form));
    for (const char c : body) meter.feed(std::string(1, c));
    meter.end();
    CHECK(meter.usage_kind() == UsageKind::reported);
    return meter.usage().usage;
  };
  CHECK(usage(Form::responses,
              R"({"error":null,"output":[{"usage":{"input_tokens":99}}],"usage":)" + kUsage + "}")
            .total() == 16);
  const auto embedding =
      usage(Form::embeddings,
            R"({"data":[{"embedding":"AAAA"}],"usage":{"prompt_tokens":8,"total_tokens":8}})");
  CHECK(embedding[domain::Bucket::input] == 8);
  CHECK(embedding.total() == 8);
  CHECK(usage(Form::rerank, R"({"results":[],"usage":{"total_tokens":30}})").prompt() == 30);
}

TEST_CASE("meter: completions are judged by their text") {
  Meter meter(Kind::stream, {Form::completions, /*drop_usage_event=*/true, false});
  const std::string chunk = R"(data: {"id":"cmpl-1","choices":[{"text":")" + std::string(40, 'x') +
                            R"(","index":0,"finish_reason":null}]})" + "\n\n";
  const std::string usage =
      "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":9}}\n\n";
  CHECK(meter.feed(chunk) == chunk);
  CHECK(meter.estimated_output() == 10);
  CHECK(meter.feed(usage) == "");
  CHECK(meter.feed("data: [DONE]\n\n") == "");
  CHECK(meter.rest() == "data: [DONE]\n\n");
  CHECK(meter.usage().usage.total() == 10);
}

TEST_CASE("meter: pictures that stream carry their usage in an event of any size") {
  const std::string partial =
      event("image_generation.partial_image", R"("b64_json":")" + std::string(200'000, 'A') + '"');
  const std::string whole = event("image_generation.completed",
                                  R"("b64_json":")" + std::string(200'000, 'A') +
                                      R"(","usage":{"input_tokens":5,"output_tokens":272})");
  std::mt19937 random(3);
  Meter meter(Kind::stream, options(Form::images));
  const auto passed = pass(meter, partial + whole, random, 50'000);
  CHECK(passed.early + passed.late == partial + whole);
  CHECK(meter.usage().usage[domain::Bucket::image_output] == 272);
  CHECK(meter.has_content());
}

TEST_CASE("meter: speech that streams says what it used at its end, sound says nothing") {
  Meter streamed(Kind::stream, options(Form::speech));
  streamed.feed(event("speech.audio.delta", R"("audio":"AAAA")"));
  streamed.feed(event("speech.audio.done",
                      R"("usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115})"));
  CHECK(streamed.usage().usage[domain::Bucket::audio_output] == 101);
  Meter sound(Kind::opaque, options(Form::speech));
  const std::string bytes("\xff\xf3\x00{\"usage\":{\"input_tokens\":1}}", 32);
  CHECK(sound.feed(bytes) == bytes);
  CHECK(sound.usage_kind() == UsageKind::missing);
  CHECK(sound.estimated_output() == 0);
}

TEST_CASE("meter: a last event without its empty line is read, and dropped if only we asked") {
  const std::string usage =
      R"(data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}})";
  const std::string content = "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n";
  for (const bool drop : {false, true}) {
    Meter meter(Kind::stream, {Form::chat, drop, false});
    std::string passed(meter.feed(content + usage));
    meter.end();
    passed += meter.rest();
    CHECK(meter.usage().usage.total() == 11);
    CHECK(passed == (drop ? content : content + usage));
  }
  Meter done(Kind::stream);
  done.feed("data: [DONE]");
  CHECK_FALSE(done.done());
  done.end();
  CHECK(done.done());
  CHECK(done.rest() == "data: [DONE]");
}

TEST_CASE("meter: usage that comes early, twice or empty") {
  const auto total = [](const std::vector<std::string>& usages) {
    Meter meter(Kind::stream);
    for (const auto& usage : usages) {
      meter.feed(R"(data: {"choices":[{"delta":{"content":"x"}}],"usage":)" + usage + "}\n\n");
    }
    return meter.usage_kind() == UsageKind::reported ? meter.usage().usage.total() : -1;
  };
  const std::string five = R"({"prompt_tokens":3,"completion_tokens":2})";
  CHECK(total({five, "null", "null"}) == 5);
  CHECK(total({five, "{}"}) == 5);
  CHECK(total({R"({"prompt_tokens":3,"completion_tokens":0})", five}) == 5);
  CHECK(total({five, five}) == 5);
  CHECK(total({R"({"prompt_tokens":0,"completion_tokens":0})"}) == 0);
  CHECK(total({"{}"}) == -1);
  CHECK(total({five, "\"lots\""}) == -1);
}

TEST_CASE("meter: a plain reply that is an error has no content") {
  Meter meter(Kind::plain);
  meter.feed(R"({"error":{"message":"overloaded","code":529}})");
  CHECK(meter.failed());
  CHECK_FALSE(meter.has_content());
  Meter fine(Kind::plain, options(Form::responses));
  fine.feed(R"({"error":null,"output":[],"x":{"error":1}})");
  CHECK_FALSE(fine.failed());
  CHECK(fine.has_content());
}

TEST_CASE("meter: an event that never ends is not kept") {
  Meter meter(Kind::stream, {Form::chat, /*drop_usage_event=*/true, false});
  std::size_t passed = meter.feed("data: {\"x\":\"").size();
  for (int i = 0; i < 100; ++i) passed += meter.feed(std::string(10'000, 'x')).size();
  CHECK(passed > 900'000);
  meter.end();
  CHECK(passed + meter.rest().size() == 1'000'000 + 12);
}

TEST_CASE("meter: pictures are counted in the reply") {
  Meter meter(Kind::plain, options(Form::images));
  meter.feed(R"({"created":1,"data":[{"b64_json":"AA"},{"b64_json":"BB"}]})");
  CHECK(meter.pictures() == 2);
  CHECK_FALSE(Meter(Kind::plain, options(Form::images)).pictures());
}

TEST_CASE("meter: the first byte says whether it is JSON or events, whatever the type says") {
  auto of_stream = options(Form::chat);
  of_stream.stream_asked = true;
  const std::string json = R"({"choices":[{}],"usage":{"prompt_tokens":1,"completion_tokens":2}})";
  const std::string events = "data: " + json + "\n\ndata: [DONE]\n\n";
  for (const std::string before : {"", "\n\n", "\xef\xbb\xbf", " \r\n\xef\xbb\xbf"}) {
    CAPTURE(before);
    std::mt19937 random(4);
    for (int turn = 0; turn < 50; ++turn) {
      for (const auto given : {Kind::plain, Kind::stream}) {
        Meter plain(given, of_stream);
        auto passed = pass(plain, before + json, random, 20);
        REQUIRE(passed.early == before + json);
        REQUIRE(plain.kind() == Kind::plain);
        REQUIRE(plain.usage().usage.total() == 3);
        Meter stream(given, of_stream);
        passed = pass(stream, before + events, random, 20);
        REQUIRE(passed.early + passed.late == before + events);
        REQUIRE(passed.late == "data: [DONE]\n\n");
        REQUIRE(stream.kind() == Kind::stream);
        REQUIRE(stream.usage().usage.total() == 3);
        REQUIRE(!stream.is_blank());
      }
    }
  }
  Meter nobody_asked(Kind::plain, options(Form::chat));
  nobody_asked.feed(events);
  CHECK(nobody_asked.kind() == Kind::plain);
}

TEST_CASE("meter: what is neither JSON nor an event is no answer") {
  for (const std::string text : {"", "\n", "<html></html>", "overloaded"}) {
    Meter plain(Kind::plain, options(Form::chat));
    plain.feed(text);
    CHECK(plain.is_blank());
    CHECK(!plain.has_content());
  }
  for (const std::string text : {"", ": ping\n\n", "data: [DONE]\n\n", "id: 7\n\n"}) {
    Meter stream(Kind::stream, options(Form::chat));
    stream.feed(text);
    stream.end();
    CHECK(stream.is_blank());
  }
  Meter text(Kind::plain, options(Form::transcriptions));
  text.feed("so it was said");
  CHECK(!text.is_blank());
  CHECK(text.has_content());
}

TEST_CASE("meter: an empty error is none, an event called error is one") {
  for (const std::string none : {"null", "{}", "\"\"", "false"}) {
    Meter meter(Kind::plain, options(Form::chat));
    meter.feed(R"({"choices":[{}],"error":)" + none + "}");
    CHECK(!meter.failed());
  }
  Meter named(Kind::stream, options(Form::chat));
  named.feed("event: error\ndata: {\"message\":\"no\"}\n\n");
  CHECK(named.failed());
  CHECK(!named.has_content());
}

TEST_CASE("meter: what was held back is released once the call is settled, and the rest passes") {
  Meter meter(Kind::stream, options(Form::chat));
  CHECK(meter.feed("data: [DONE]\n\n: b").empty());
  CHECK(meter.done());
  CHECK(meter.release() == "data: [DONE]\n\n: b");
  CHECK(meter.feed("ye\n\ndata: {\"usage\":{\"prompt_tokens\":1}}\n\n") ==
        "ye\n\ndata: {\"usage\":{\"prompt_tokens\":1}}\n\n");
  CHECK(meter.rest().empty());
  CHECK(meter.usage_kind() == UsageKind::missing);
}

TEST_CASE("meter: a stream of pictures ends with the last one asked for, speech with its usage") {
  const auto picture = event("image_generation.completed", R"("b64_json":"QUJD")");
  auto two = options(Form::images);
  two.pictures_asked = 2;
  Meter pictures(Kind::stream, two);
  CHECK(pictures.feed(picture) == picture);
  CHECK(!pictures.done());
  CHECK(pictures.feed(picture).empty());
  CHECK(pictures.done());
  CHECK(pictures.rest() == picture);
  Meter speech(Kind::stream, options(Form::speech));
  CHECK(speech.feed(event("speech.audio.done", R"("usage":{"total_tokens":7})")).empty());
  CHECK(speech.done());
}
