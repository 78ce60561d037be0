#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;
using nufi::test::Console;
using nufi::test::kFree;
using nufi::test::kPainter;
using nufi::test::kPrice;
using nufi::test::list_json;
using nufi::test::Run;
using nufi::test::upstream_json;

namespace {

ordered_json sent(std::vector<std::string> options) {
  Console console;
  console.answers("PUT /v1/prices", R"({"model":"m"})");
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

TEST_CASE("prices list: the demo's price is the demo's, and EACH outlives PROVIDER") {
  Console console;
  console.answers(
      "GET /v1/prices",
      list_json({R"({"id":"demo/nufi-echo","model":"nufi-echo","own":true})", kPainter}));
  const std::string out = console.on_terminal({"prices", "list"}, 50).out;
  CHECK(out.find("$0.04/image") != std::string::npos);
  CHECK(out.find("PROVIDER") == std::string::npos);
  CHECK(console.on_terminal({"prices", "list"}).out.find("demo\n") != std::string::npos);
}

TEST_CASE("prices list: a table, TSV, ids") {
  Console console;
  console.answers("GET /v1/prices", list_json({kPrice, kFree, kPainter}));
  CHECK("\n" + console.on_terminal({"prices", "list"}).out == R"(
MODEL    PROVIDER  INPUT  CACHED  OUTPUT  EACH         DATE        SET BY
gpt-4o   openai    $2.50   $1.25  $10.00  -            2026-08-01  catalogue
local    -          free    free    free  -            -           you
painter  -             -       -       -  $0.04/image  -           import
)");
  console.is_terminal = false;
  CHECK(console.run({"prices", "list"})
            .out.starts_with(
                "gpt-4o\topenai\t2.5\t1.25\t10\t\t2026-08-01\tcatalogue\t2.5\t1.25\t\t"));
  CHECK(console.run({"prices", "list", "-q"}).out ==
        "openai/gpt-4o@2026-08-01\nset/local@2026-08-02\nimport/painter\n");
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

TEST_CASE("prices set: units of other kinds, and what looks like a mistake is said") {
  const auto body =
      sent({"--per-image", "0.04", "--per-second", "0.0001", "--per-character", "0.000015"});
  CHECK(body["per_image_usd"] == 0.04);
  CHECK(body["per_second_usd"] == 0.0001);
  CHECK(body["per_character_usd"] == 0.000015);
  Console console;
  console.answers("PUT /v1/prices", R"({"model":"m","warnings":["output is cheaper"]})");
  const Run run = console.run({"prices", "set", "m", "--input", "2", "--output", "1"});
  CHECK(run.code == 0);
  CHECK(run.err == "warning: output is cheaper\nprice of 'm' set\n");
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
  console.answers("GET /v1/prices?model=a%2Fb",
                  list_json({R"({"id":"set/a/b@2026-08-02","model":"a/b","own":true})"}));
  console.answers("GET /v1/prices?model=a", list_json({R"({"id":"x","model":"a","own":false})"}));
  CHECK(console.run({"prices", "unset", "a/b"}).code == 2);
  CHECK(console.run({"prices", "unset", "a"}).code == 3);
  CHECK(console.run({"prices", "unset", "a/b", "--yes"}).code == 0);
  CHECK(console.asked == std::vector<std::string>{"DELETE /v1/prices?model=a%2Fb"});
}

TEST_CASE("prices import: shows what changes and what is refused, and asks before it applies") {
  const std::string report =
      std::string(
          R"("added":[{"model":"new","provider":"acme","rates":{"input":1,"output":2}}],)") +
      R"("changed":[{"price":{"model":"gpt-4o","provider":"openai","rates":{"input":3,"output":10},)" +
      R"("max_output":2},"before":{"model":"gpt-4o","provider":"openai",)" +
      R"("rates":{"input":2.5,"output":10},"max_output":1}}],"unchanged":7,"skipped":9,)" +
      R"("refused":[{"provider":"acme","model":"odd","reason":"it has no price"}]})";
  Console console;
  console.answers("POST /v1/prices/import?dry_run=true", "{\"applied\":false," + report);
  console.answers("POST /v1/prices/import", "{\"applied\":true," + report);
  const std::string table =
      "new\tnew\tacme\tinput 1, output 2\n"
      "changed\tgpt-4o\topenai\tinput 2.5 -> 3, max_output 1 -> 2\n"
      "refused\todd\tacme\tit has no price\n";
  const std::string summary = "1 new, 1 changed, 7 unchanged, 1 refused, 9 skipped\n";

  SUBCASE("a pipe needs --yes") {
    console.input = R"({"list":1})";
    const Run run = console.run({"prices", "import", "-"});
    CHECK(run.code == 2);
    CHECK(run.out == table);
    CHECK(console.asked.size() == 1);
    CHECK(console.asked[0] == R"(POST /v1/prices/import?dry_run=true {"list":1})");
  }
  SUBCASE("with --yes it applies what it showed") {
    console.input = R"({"list":1})";
    const Run run = console.run({"prices", "import", "-", "--yes"});
    CHECK(run.code == 0);
    CHECK(run.out == table);
    CHECK(run.err == summary + "prices imported\n");
    CHECK(console.asked.at(1) == R"(POST /v1/prices/import {"list":1})");
  }
  SUBCASE("a dry run only shows") {
    console.input = "{}";
    const Run run = console.run({"prices", "import", "-", "--dry-run"});
    CHECK(run.code == 0);
    CHECK(run.out == table);
    CHECK(run.err == summary);
    CHECK(console.asked.size() == 1);
  }
  SUBCASE("JSON is the outcome") {
    console.input = "{}";
    const Run run = console.run({"prices", "import", "-", "--yes", "--json"});
    CHECK(ordered_json::parse(run.out)["applied"] == true);
    CHECK(ordered_json::parse(run.out)["unchanged"] == 7);
  }
}

TEST_CASE("prices import: a file that is not there, or empty, is refused") {
  Console console;
  CHECK(console.run({"prices", "import", "/no/such/file"}).err.starts_with("error: can't read"));
  CHECK(console.run({"prices", "import", "-"}).err.starts_with("error: the price list is empty"));
  CHECK(console.run({"prices", "import", "/dev/zero"})
            .err.starts_with("error: /dev/zero is a device, not a file"));
  CHECK(console.asked.empty());
}

TEST_CASE("reprice: shows the difference, asks, and does it for the same calls") {
  Console console;
  const std::string rest =
      R"("from":"2026-08-01T00:00:00Z","to":"2026-08-20T12:00:00Z","rows":5,"changed":2,"kept":1,)"
      R"("old_cost_usd":1.5,"new_cost_usd":2,"models":[{"model":"gpt-4o","rows":4,"changed":2,)"
      R"("kept":0,"old_cost_usd":1.25,"new_cost_usd":1.75}]})";
  console.answers("POST /v1/ledger/reprice", "{\"applied\":false," + rest);
  console.answers("POST /v1/ledger/reprice", "{\"applied\":true," + rest);
  const std::vector<std::string> command = {"reprice", "--since", "2026-08-01"};
  const std::string table = "gpt-4o\t4\t2\t1.25\t1.75\n";

  SUBCASE("a pipe needs --yes") {
    const Run run = console.run(command);
    CHECK(run.code == 2);
    CHECK(run.out == table);
    CHECK(console.asked.size() == 1);
  }
  SUBCASE("with --yes") {
    auto sure = command;
    sure.push_back("--yes");
    const Run run = console.run(sure);
    CHECK(run.code == 0);
    CHECK(run.out == table);
    CHECK(run.err == "2 of 5 calls: $1.50 -> $2.00\ncharged anew\n");
    CHECK(console.asked.at(0).find(R"("until":null)") != std::string::npos);
    CHECK(console.asked.at(0).find(R"("dry_run":true)") != std::string::npos);
    CHECK(console.asked.at(1).find(R"("until":"2026-08-20T12:00:00Z")") != std::string::npos);
    CHECK(console.asked.at(1).find(R"("dry_run":false)") != std::string::npos);
  }
  SUBCASE("a dry run only shows") {
    auto dry = command;
    dry.push_back("--dry-run");
    CHECK(console.run(dry).out == table);
    CHECK(console.asked.size() == 1);
  }
  SUBCASE("no start, no run") {
    CHECK(console.run({"reprice"}).code == 2);
    CHECK(console.asked.empty());
  }
}

TEST_CASE("models: what can be called, and an unknown price stands out") {
  Console console;
  console.answers("GET /v1/models",
                  list_json({std::string(R"({"name":"gpt-4o","upstreams":["openai","second"],)") +
                                 R"("price":)" + kPrice + "}",
                             R"({"name":"secret-model","upstreams":["openai"],"price":null})"}));
  console.answers("GET /v1/upstreams",
                  list_json({upstream_json(),
                             upstream_json(R"({"name":"mine","models":[]})"),
                             upstream_json(R"({"name":"some","models":["x-*"]})")}));
  const Run run = console.on_terminal({"models"});
  CHECK("\n" + run.err == R"(
'mine' takes every model name; what it has: nufi upstreams test mine
to list them here: nufi upstreams edit mine --model MODEL
'some' takes models like x-*; what it has: nufi upstreams test some
to list them here: nufi upstreams edit some --model MODEL
)");
  CHECK("\n" + run.out == R"(
MODEL         UPSTREAMS         INPUT   OUTPUT
gpt-4o        openai, second    $2.50   $10.00
secret-model  openai          unknown  unknown
)");
  console.is_terminal = false;
  CHECK(console.run({"models"}).out ==
        "gpt-4o\topenai,second\t2.5\t10\nsecret-model\topenai\t\t\n");
  CHECK(console.run({"models", "-q"}).out == "gpt-4o\nsecret-model\n");
  CHECK(console.asked.size() == 1);

  Console unlisted;
  unlisted.answers("GET /v1/models", list_json({}));
  unlisted.answers("GET /v1/upstreams", list_json({upstream_json()}));
  CHECK(unlisted.on_terminal({"models"}).err.starts_with("no model is known by its name\n"));
}
