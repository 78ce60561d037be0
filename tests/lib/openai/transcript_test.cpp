#include "lib/openai/transcript.hpp"

#include "lib/openai/usage.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using nufi::domain::Bucket;
using nufi::openai::Form;
using nufi::openai::ms_of_seconds;
using nufi::openai::read_usage;
using nufi::openai::TranscriptScan;
using nufi::openai::UsageKind;

namespace {

/// "said last", the same however the text is split.
std::string times(std::string_view text) {
  std::string first;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    TranscriptScan scan;
    scan.feed(text.substr(0, cut));
    scan.feed(text.substr(cut));
    const auto told = std::to_string(scan.said_ms().value_or(-1)) + " " +
                      std::to_string(scan.last_caption_ms().value_or(-1));
    if (cut == 0) first = told;
    REQUIRE(told == first);
  }
  return first;
}

}  // namespace

TEST_CASE("a transcript says how long the sound was, in JSON or by its last caption") {
  CHECK(times(R"({"text":"x","duration":8.47})") == "8470 -1");
  CHECK(times(R"({"duration":"8.4700003","segments":[{"duration":1}]})") == "8471 -1");
  CHECK(times(R"({"text":"\"duration\":5"})") == "-1 -1");
  CHECK(times("1\r\n00:00:00,000 --> 00:00:04,500\r\nHi\r\n\r\n2\r\n00:00:05,000 --> "
              "01:00:06,250\r\nx") == "-1 3606250");
  CHECK(times("WEBVTT\n\n00:00.000 --> 00:04.500 align:start\nHi --> there\n") == "-1 4500");
  CHECK(times("Just some words --> and more.") == "-1 -1");
  CHECK(times("00:00.000 --> -1:00.000\n0:0 --> 9:9\n") == "-1 -1");
}

TEST_CASE("seconds are read as JSON numbers, rounded up") {
  CHECK(ms_of_seconds("8") == 8'000);
  CHECK(ms_of_seconds("0.0001") == 1);
  CHECK(ms_of_seconds("1e2") == 100'000);
  for (const auto* bad : {"", "-1", "x", "1e9", "nan"}) CHECK(ms_of_seconds(bad) == std::nullopt);
}

TEST_CASE("the usage of a transcript counts tokens or seconds") {
  const auto seconds = read_usage(R"({"type":"duration","seconds":9})", Form::transcriptions);
  CHECK(seconds.kind == UsageKind::reported);
  CHECK(seconds.reported.counts_seconds);
  CHECK(seconds.reported.usage.audio_ms == 9'000);
  CHECK(seconds.reported.usage.total() == 0);
  const auto tokens = read_usage(
      R"({"type":"tokens","input_tokens":20,"input_token_details":{"text_tokens":6,"audio_tokens":14},)"
      R"("output_tokens":5,"total_tokens":25})",
      Form::transcriptions);
  CHECK(tokens.reported.usage[Bucket::audio_input] == 14);
  CHECK(tokens.reported.usage[Bucket::input] == 6);
  CHECK(tokens.reported.usage[Bucket::output] == 5);
  for (const auto* bad : {R"({"seconds":-1})", R"({"seconds":"x"})", R"({"seconds":1e12})"}) {
    CHECK(read_usage(bad, Form::transcriptions).kind == UsageKind::impossible);
  }
}
