#include "lib/api/shapes.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <random>

using nufi::Error;
using nufi::api::Json;
using nufi::api::money_from_json;
using nufi::api::money_to_json;
using nufi::api::to_text;
using nufi::domain::format_usd;
using nufi::domain::Money;

namespace {

Money read(const char* text) {
  return money_from_json(Json::parse(text), "budget_usd");
}

}  // namespace

TEST_CASE("money: is written as its exact decimal") {
  CHECK(to_text(money_to_json(Money::nanos(0))) == "0");
  CHECK(to_text(money_to_json(Money::nanos(1))) == "0.000000001");
  CHECK(to_text(money_to_json(Money::nanos(4'910))) == "0.00000491");
  CHECK(to_text(money_to_json(Money::nanos(5'000'000'000))) == "5");
  CHECK(to_text(money_to_json(Money::nanos(3'767'100'183'926))) == "3767.100183926");
  CHECK(to_text(money_to_json(Money::nanos(-1'500'000'000))) == "-1.5");
  CHECK(to_text(money_to_json(Money::nanos(7'999'999'123'456'789))) == "7999999.123456789");
}

TEST_CASE("money: every amount below 8 million USD survives text and back") {
  std::mt19937_64 random(20260801);
  for (int i = 0; i < 200'000; ++i) {
    const int bits = 1 + static_cast<int>(random() % 53);
    const auto amount = Money::nanos(static_cast<std::int64_t>(random() >> (64 - bits)));
    if (amount.nanos() > 7'999'999'999'999'999) continue;
    const std::string text = to_text(money_to_json(amount));
    REQUIRE(text == format_usd(amount));
    REQUIRE(read(text.c_str()) == amount);
  }
}

TEST_CASE("money: is read from any way a client may write the number") {
  CHECK(read("5") == Money::nanos(5'000'000'000));
  CHECK(read("5.0") == Money::nanos(5'000'000'000));
  CHECK(read("1e-7") == Money::nanos(100));
  CHECK(read("4.9099999999999996e-06") == Money::nanos(4'910));
  CHECK(read("0.30000000000000004") == Money::nanos(300'000'000));
  CHECK(read("-0.5") == Money::nanos(-500'000'000));
}

TEST_CASE("money: what is no amount is refused by the field's name") {
  CHECK_THROWS_WITH_AS(read("\"5\""), "budget_usd must be a number (USD)", Error);
  CHECK_THROWS_WITH_AS(read("true"), "budget_usd must be a number (USD)", Error);
  CHECK_THROWS_WITH_AS(read("1e10"), "budget_usd must be less than 9 billion USD", Error);
  CHECK_THROWS_WITH_AS(
      read("1e-10"), "budget_usd must be given to at most nine digits after the point", Error);
}

TEST_CASE("text: is one line, or indented, with numbers as they are") {
  const Json json{{"a", 1.5}, {"b", Json::array()}, {"c", Json::array({1, "x"})}, {"d", nullptr}};

  CHECK(to_text(json) == R"({"a":1.5,"b":[],"c":[1,"x"],"d":null})");
  CHECK(to_text(json, 2) ==
        "{\n  \"a\": 1.5,\n  \"b\": [],\n  \"c\": [\n    1,\n    \"x\"\n  ],\n  \"d\": null\n}");
  CHECK(to_text(Json("bad \xff byte")) == "\"bad \xef\xbf\xbd byte\"");
}
