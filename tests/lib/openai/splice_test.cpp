#include "lib/openai/splice.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace nufi::openai;
using namespace std::string_literals;

namespace {

std::string spliced(const std::string& body, const Changes& changes) {
  const auto read = read_request(Form::chat, body);
  REQUIRE(std::holds_alternative<Request>(read));
  const auto result = splice_request(body, std::get<Request>(read), changes);
  // What was spliced in must be read as a good request again.
  const auto again = read_request(Form::chat, result);
  CHECK(std::holds_alternative<Request>(again));
  if (changes.ask_for_usage) CHECK(std::get<Request>(again).usage_asked);
  return result;
}

Changes rename(const std::string& model) {
  Changes changes;
  changes.model = model;
  return changes;
}
Changes usage() {
  Changes changes;
  changes.ask_for_usage = true;
  return changes;
}
Changes cap(std::int64_t tokens, CapField field = CapField::max_tokens) {
  Changes changes;
  changes.output_cap = tokens;
  changes.cap_field = field;
  return changes;
}

/// With odd white space, escapes, numbers and order: none of it may change.
const std::string kOdd =
    " \r\n{ \"temperature\" : 1.0e0,\t\"messages\":[{\"model\":\"m\",\"content\":\"\\u00e9 \\/ "
    "\xc3\xa9\"}] ,"
    "\"seed\":123456789012345678901, \"model\"  :  \"m\" , \"x\":{ } }\n\n";

}  // namespace

TEST_CASE("splice: nothing to change changes nothing") {
  CHECK(spliced(kOdd, {}) == kOdd);
  CHECK(spliced(kOdd, rename("m")) == kOdd);
}

TEST_CASE("splice: a renamed model leaves every other byte as it was") {
  auto expected = kOdd;
  expected.replace(expected.rfind("\"m\""), 3, "\"org/real \\\"x\\\"\"");
  CHECK(spliced(kOdd, rename("org/real \"x\"")) == expected);
  CHECK(spliced(R"({"model":"a\/b","z":1})", rename("c")) == R"({"model":"c","z":1})");
}

TEST_CASE("splice: usage is asked for in every shape stream_options can have") {
  CHECK(spliced(R"({"model":"m"})", usage()) ==
        R"({"stream_options":{"include_usage":true},"model":"m"})");
  CHECK(spliced(R"({"stream_options":null,"model":"m"})", usage()) ==
        R"({"stream_options":{"include_usage":true},"model":"m"})");
  CHECK(spliced(R"({"stream_options":{},"model":"m"})", usage()) ==
        R"({"stream_options":{"include_usage":true},"model":"m"})");
  CHECK(spliced(R"({"stream_options":{ },"model":"m"})", usage()) ==
        R"({"stream_options":{"include_usage":true },"model":"m"})");
  CHECK(spliced(R"({"stream_options":{"x":[1]},"model":"m"})", usage()) ==
        R"({"stream_options":{"include_usage":true,"x":[1]},"model":"m"})");
  CHECK(
      spliced(R"({"stream_options":{"x":{},"include_usage":false,"y":1},"model":"m"})", usage()) ==
      R"({"stream_options":{"x":{},"include_usage":true,"y":1},"model":"m"})");
  CHECK(spliced(R"({"stream_options":{"include_usage":null},"model":"m"})", usage()) ==
        R"({"stream_options":{"include_usage":true},"model":"m"})");
}

TEST_CASE("splice: who asks for usage and who does not") {
  const auto asked = [](const std::string& options) {
    return std::get<Request>(
               read_request(Form::chat, R"({"model":"m","stream_options":)" + options + "}"))
        .usage_asked;
  };
  CHECK(asked(R"({"include_usage":true})"));
  CHECK_FALSE(asked(R"({"include_usage":false})"));
  CHECK_FALSE(asked(R"({"include_usage":null})"));
  CHECK_FALSE(asked("{}"));
  CHECK_FALSE(asked("null"));
}

TEST_CASE("splice: a clamp is written into the field the upstream knows") {
  CHECK(spliced(R"({"model":"m"})", cap(256)) == R"({"max_tokens":256,"model":"m"})");
  CHECK(spliced(R"({"model":"m"})", cap(256, CapField::max_completion_tokens)) ==
        R"({"max_completion_tokens":256,"model":"m"})");
  CHECK(spliced(R"({"max_tokens": null ,"model":"m"})", cap(256)) ==
        R"({"max_tokens": 256 ,"model":"m"})");
  CHECK(spliced(R"({"max_completion_tokens":null,"model":"m"})",
                cap(7, CapField::max_completion_tokens)) ==
        R"({"max_completion_tokens":7,"model":"m"})");
  CHECK(spliced(R"({"max_tokens":null,"model":"m"})", cap(7, CapField::max_completion_tokens)) ==
        R"({"max_completion_tokens":7,"max_tokens":null,"model":"m"})");
}

TEST_CASE("splice: all changes at once, in whatever order the fields stand") {
  Changes changes = rename("real");
  changes.ask_for_usage = true;
  changes.output_cap = 300;
  CHECK(spliced(R"( {"model":"m","stream_options":{},"max_tokens":null} )", changes) ==
        R"( {"model":"real","stream_options":{"include_usage":true},"max_tokens":300} )");
  CHECK(
      spliced(R"({"max_tokens":null,"stream":true,"model":"m"})", changes) ==
      R"({"stream_options":{"include_usage":true},"max_tokens":300,"stream":true,"model":"real"})");
}
