#include "lib/openai/json_escapes.hpp"

#include <doctest/doctest.h>

using namespace nufi::openai;

TEST_CASE("escapes: those that JSON needs stay, the others are undone") {
  CHECK(without_escapes(R"({"a":"\u0073\u006B\/x"})") == R"({"a":"sk/x"})");
  CHECK(without_escapes(R"("\"\u0022\n\\u0041\u00e9")") == R"("\"\u0022\n\\u0041\u00e9")");
  for (const char* cut : {"\\", "\\u", "\\u00", "\\u004", R"(\\)"}) {
    CAPTURE(cut);
    CHECK(without_escapes(cut) == cut);
    CHECK(without_nested_escapes(cut) == cut);
  }
}

TEST_CASE("escapes: JSON in a string of JSON is looked through at any depth") {
  CHECK(without_nested_escapes(R"("{\"k\":\"\\u0073\\u006b\\\/x\"}")") == R"("{\"k\":\"sk/x\"}")");
  CHECK(without_nested_escapes(R"(\\\\\\\\u0073)") == "s");
  CHECK(without_nested_escapes(R"(\u005cu0073\\u005c\u0073)") == "ss");
  CHECK(without_nested_escapes(R"(\\u0022\\n)") == R"(\\u0022\\n)");
}

TEST_CASE("escapes: they are undone only where they hide what is to be masked") {
  const auto mask = [](std::string_view text) {
    std::string out(text);
    const auto at = out.find("secret");
    return at == std::string::npos ? out : out.replace(at, 6, "***");
  };
  CHECK(masked_through_escapes(R"(\u0061 \\u0061)", mask) == R"(\u0061 \\u0061)");
  CHECK(masked_through_escapes(R"(secret \u0061)", mask) == R"(*** \u0061)");
  CHECK(masked_through_escapes(R"(\u0073ecret \\u0061)", mask) == R"(*** \\u0061)");
  CHECK(masked_through_escapes(R"(\\u0073ecret\n)", mask) == R"(***\n)");
}
