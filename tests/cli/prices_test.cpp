#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;
using nufi::test::Console;
using nufi::test::list_json;
using nufi::test::Run;

namespace {

constexpr const char* kPrice =
    R"({"id":"openai/gpt-4o@2026-08-01","provider":"openai","model":"gpt-4o","mode":"chat",)"
    R"("date":"2026-08-01","free":false,"rates":{"input":2.5,"cached_input":1.25,"output":10},)"
    R"("tiers":[],"service":{},"per_request_usd":0,"context_window":128000,"max_output":16384,)"
    R"("deprecates":null,"own":false})";
constexpr const char* kFree =
    R"({"id":"set/local@2026-08-02","provider":null,"model":"local","free":true,"own":true})";

ordered_json sent(std::vector<std::string> options) {
  Console console;
  console.answers("PUT /v1/prices", "{}");
  options.insert(options.begin(), {"prices", "set", "m"});
  const Run run = console.run(options);
  CHECK(run.err == "price of 'm' set\n");
  REQUIRE(console.asked.size() == 1);
  return ordered_json::parse(console.asked[0].substr(std::string("PUT /v1/prices ").size()));
}

std::string refused(std::vector<std::string> options) {
  Console console;
  options.insert(options.begin(), {"prices", "set", "m"});
  const Run run = console.run(options);
  CHECK(run.code == 2);
  CHECK(console.asked.empty());
  return run.err.substr(0, run.err.find('\n'));
}

}  // namespace

TEST_CASE("prices list: a table, TSV, ids") {
  Console console;
  console.answers("GET /v1/prices", list_json({kPrice, kFree}));
  CHECK("\n" + console.on_terminal({"prices", "list"}).out == R"(
MODEL   PROVIDER  INPUT  CACHED  OUTPUT  DATE        SET BY
gpt-4o  openai    $2.50   $1.25  $10.00  2026-08-01  catalogue
local   -          free    free    free  -           you
)");
  console.is_terminal = false;
  CHECK(
      console.run({"prices", "list"})
          .out.starts_with("gpt-4o\topenai\t2.5\t1.25\t10\t2026-08-01\tcatalogue\t2.5\t1.25\t\t"));
  CHECK(console.run({"prices", "list", "-q"}).out ==
        "openai/gpt-4o@2026-08-01\nset/local@2026-08-02\n");
  console.run({"prices", "list", "gpt"});
  CHECK(console.asked.back() == "GET /v1/prices?model=gpt");
}

TEST_CASE("prices set: rates are sent whole, those after --above as a tier") {
  const auto body = sent({"--input",
                          "2.5",
                          "--output",
                          "10",
                          "--cached-input",
                          "0.25",
                          "--per-request",
                          "0.001",
                          "--max-output",
                          "4096",
                          "--above",
                          "200000",
                          "--input",
                          "5",
                          "--output",
                          "20"});
  CHECK(body["model"] == "m");
  CHECK(body["rates"]["input"] == 2.5);
  CHECK(body["rates"]["cached_input"] == 0.25);
  CHECK(body["rates"]["reasoning"].is_null());
  CHECK(body["tiers"].size() == 1);
  CHECK(body["tiers"][0]["above_tokens"] == 200000);
  CHECK(body["tiers"][0]["rates"]["output"] == 20);
  CHECK(body["per_request_usd"] == 0.001);
  CHECK(body["max_output"] == 4096);
  CHECK(sent({"--free"})["free"] == true);
}

TEST_CASE("prices set: what makes no price is refused") {
  CHECK(refused({}) == "error: no price given");
  CHECK(refused({"--free", "--input", "1"}) == "error: --free leaves no room for other prices");
  CHECK(refused({"--input", "cheap"}) == "error: --input must be USD per million tokens, like 2.5");
  CHECK(refused({"--input", "1", "--input", "2"}) == "error: --input is given twice");
  CHECK(refused({"--input", "1", "--above", "10"}) == "error: no rates after --above 10");
  CHECK(
      refused({"--input", "1", "--above", "10", "--input", "2", "--above", "5", "--input", "3"}) ==
      "error: each --above must be greater than the one before");
}

TEST_CASE("prices unset: a pipe needs --yes") {
  Console console;
  console.answers("DELETE /v1/prices?model=a%2Fb", "{}");
  CHECK(console.run({"prices", "unset", "a/b"}).code == 2);
  CHECK(console.run({"prices", "unset", "a/b", "--yes"}).code == 0);
  CHECK(console.asked == std::vector<std::string>{"DELETE /v1/prices?model=a%2Fb"});
}

TEST_CASE("models: what can be called, and an unknown price stands out") {
  Console console;
  console.answers("GET /v1/models",
                  list_json({std::string(R"({"name":"gpt-4o","upstreams":["openai","second"],)") +
                                 R"("price":)" + kPrice + "}",
                             R"({"name":"secret-model","upstreams":["openai"],"price":null})"}));
  CHECK("\n" + console.on_terminal({"models"}).out == R"(
MODEL         UPSTREAMS         INPUT   OUTPUT
gpt-4o        openai, second    $2.50   $10.00
secret-model  openai          unknown  unknown
)");
  console.is_terminal = false;
  CHECK(console.run({"models"}).out ==
        "gpt-4o\topenai,second\t2.5\t10\nsecret-model\topenai\t\t\n");
  CHECK(console.run({"models", "-q"}).out == "gpt-4o\nsecret-model\n");
}
