#include "cli/fields.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nufi::api::Json;
using nufi::cli::flat_fields;

namespace {

std::string flat(const char* json) {
  std::string text;
  for (const auto& [name, value] : flat_fields(Json::parse(json))) {
    text += name + '=' + value + '\n';
  }
  return text;
}

}  // namespace

TEST_CASE("fields: plain values stand as they are, null as nothing") {
  CHECK(flat(R"({"a":"x y","b":1.5,"c":true,"d":null,"e":0.000000001})") ==
        "a=x y\nb=1.5\nc=true\nd=\ne=0.000000001\n");
}

TEST_CASE("fields: what is inside another thing has a dotted name") {
  CHECK(flat(R"({"spend":{"usd":1,"of":{"key":2}}})") == "spend.usd=1\nspend.of.key=2\n");
}

TEST_CASE("fields: things of a list are called by name, id or number") {
  CHECK(flat(R"({"up":[{"name":"openai","health":"ok"},{"id":"up_1","health":""},{"x":1}]})") ==
        "up.openai.name=openai\nup.openai.health=ok\nup.up_1.id=up_1\nup.up_1.health=\nup.3.x=1\n");
}

TEST_CASE("fields: words of a list stand with commas, and what is empty is nothing") {
  CHECK(flat(R"({"a":["x","y"],"b":[],"c":{},"d":[1,2]})") == "a=x,y\nb=\nc=\nd=1,2\n");
}
