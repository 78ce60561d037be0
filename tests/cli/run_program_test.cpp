// `nufi run` over a daemon that answers from a table.
#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using nufi::api::Json;
using nufi::test::Console;
using nufi::test::key_json;
using nufi::test::list_json;
using nufi::test::Run;
using nufi::test::status_json;

namespace {

constexpr const char* kCreate = "POST /v1/projects/default/inference/keys";
constexpr const char* kUsage = "GET /v1/usage?days=2&by=model&key=key_1";

std::string usage(double cost, int requests, int refused) {
  const Json tokens{{"input", 100}, {"output", 40}};
  Json totals{{"requests", requests},
              {"errors", 1},
              {"refused", refused},
              {"cost_usd", cost},
              {"tokens", tokens}};
  Json model = totals;
  model["name"] = "gpt-4o";
  Json report{{"from", "2026-08-14T00:00:00Z"},
              {"to", "2026-08-16T00:00:00Z"},
              {"timezone", "UTC"},
              {"totals", totals},
              {"days", Json::array()},
              {"by", {model}}};
  return report.dump();
}

/// A daemon that mints key_1 with a budget of 1.
Console house() {
  Console console;
  console.answers("GET /v1/status", status_json());
  console.answers(
      kCreate,
      key_json(
          R"({"name":"run-sh-abcd","budget_usd":1,"budget_period":"total","key":"sk-nufi-x"})"));
  console.answers("POST /v1/inference/keys/key_1/lease", key_json());
  console.answers("DELETE /v1/inference/keys/key_1", key_json(R"({"status":"revoked"})"));
  console.answers("GET /v1/requests?last=1&key=key_1&status=running", list_json({}));
  console.answers(kUsage, usage(0.0123, 12, 0));
  return console;
}

std::vector<std::string> words(std::vector<std::string> options, const std::string& script) {
  options.insert(options.begin(), "run");
  options.insert(options.end(), {"--", "/bin/sh", "-c", script});
  return options;
}

bool was_asked(const Console& console, const std::string& request) {
  return std::any_of(console.asked.begin(), console.asked.end(), [&](const std::string& asked) {
    return asked.starts_with(request);
  });
}

struct TempFile {
  std::string path = "/tmp/nufi-report-" + std::to_string(::getpid()) + ".json";
  ~TempFile() { std::filesystem::remove(path); }
};

}  // namespace

TEST_CASE("run: a key is minted on a lease, the program runs, its key ends, the cost is said") {
  Console console = house();
  const Run run = console.run(words({"--budget", "1"}, "exit 3"));
  CHECK(run.code == 3);
  CHECK(run.out.empty());
  CHECK(run.err == "nufi: 'run-sh-abcd' cost $0.0123 of $1.00: 12 calls, 140 tokens, 1 failed\n");
  const auto created =
      std::find_if(console.asked.begin(), console.asked.end(), [](const std::string& asked) {
        return asked.starts_with(kCreate);
      });
  REQUIRE(created != console.asked.end());
  const Json body = Json::parse(created->substr(created->find('{')));
  CHECK(body["name"].get<std::string>().starts_with("run-sh-"));
  CHECK(body["budget_usd"] == 1);
  CHECK(body["budget_period"] == "total");
  CHECK(body["lease_seconds"] == 30);
  CHECK(was_asked(console, "POST /v1/inference/keys/key_1/lease"));
  CHECK(was_asked(console, "DELETE /v1/inference/keys/key_1"));
}

TEST_CASE("run: the program finds nufid in its environment, and nothing else changes") {
  Console console = house();
  console.environment = {"A=b", "OPENAI_API_KEY=sk-other", "PATH=/usr/bin:/bin"};
  const Run run = console.run(words({"-q"},
                                    "test \"$OPENAI_BASE_URL\" = http://127.0.0.1:6834/v1 && "
                                    "test \"$OPENAI_API_KEY\" = sk-nufi-x && "
                                    "test \"$ANTHROPIC_BASE_URL\" = http://127.0.0.1:6834 && "
                                    "test \"$ANTHROPIC_API_KEY\" = sk-nufi-x && "
                                    "test \"$NUFI_RUN\" = key_1 && "
                                    "test \"$A\" = b && test -z \"${OPENAI_API_BASE+set}\""));
  CHECK(run.code == 0);
  CHECK(run.err.empty());
}

TEST_CASE("run: one in another says that the other does not count its calls") {
  Console console = house();
  console.around = "key_0";
  const Run run = console.run(words({"--budget", "1"}, "true"));
  CHECK(run.err.starts_with(
      "nufi: this run is inside another (key_0), which does not count its calls\n"));
  CHECK(console.run(words({"-q", "--budget", "1"}, "true")).err.empty());
}

TEST_CASE("run: options of nufi itself may stand before the program") {
  Console console = house();
  CHECK(console.run({"run", "--socket", "/run/test.sock", "-q", "--", "/bin/sh", "-c", "exit 3"})
            .code == 3);
  const Run json = console.run({"run", "--json", "--", "true"});
  CHECK(json.code == 2);
  CHECK(json.err.find("--json-report FILE") != std::string::npos);
}

TEST_CASE("run: calls of a model without a price are told as refused for that") {
  Console unpriced;
  unpriced.answers("GET /v1/status", status_json());
  unpriced.answers(
      kCreate,
      key_json(R"({"name":"r","budget_usd":1,"budget_period":"total","key":"sk-nufi-x"})"));
  unpriced.answers("POST /v1/inference/keys/key_1/lease", key_json());
  unpriced.answers("DELETE /v1/inference/keys/key_1", key_json());
  unpriced.answers("GET /v1/requests?last=1&key=key_1&status=running", list_json({}));
  unpriced.answers(kUsage, usage(0, 0, 4));
  unpriced.answers("POST /v1/inference/keys/key_1/check",
                   R"({"allowed":false,"reason":"model_price_unknown","message":"…"})");
  const Run run = unpriced.run(words({"--budget", "1"}, "true"));
  CHECK(run.err.find("4 refused; no budget can hold gpt-4o, whose price is not known: nufi prices "
                     "set gpt-4o") != std::string::npos);
}

TEST_CASE("run: an older name of the address does not lead past nufid") {
  Console console = house();
  console.environment = {"OPENAI_API_BASE=https://api.openai.com/v1"};
  CHECK(console.run(words({"-q"}, "test $OPENAI_API_BASE = http://127.0.0.1:6834/v1")).code == 0);
}

TEST_CASE("run: options after the program are the program's") {
  Console console = house();
  const Run run =
      console.run({"run", "-q", "/bin/sh", "-c", "test $1 = --budget", "sh", "--budget"});
  CHECK(run.code == 0);
}

TEST_CASE("run: words that nufi would read otherwise reach the program as they are") {
  Console console = house();
  const Run run = console.run({"run",
                               "-q",
                               "--",
                               "/bin/sh",
                               "-c",
                               "test \"$1|$2|$3\" = '[a,b]|--|{}'",
                               "sh",
                               "[a,b]",
                               "--",
                               "{}"});
  CHECK(run.code == 0);
}

TEST_CASE("run: without a budget and a key of limits it says what holds") {
  Console console = house();
  CHECK(console.run(words({}, "true")).err.find("no --budget") != std::string::npos);
}

TEST_CASE("run: with a key of limits it can't be told to lie in another project") {
  Console console = house();
  const Run run = console.run(words({"--key", "laptop", "--project", "work"}, "true"));
  CHECK(run.code == 2);
  CHECK(run.err.find("the run lies in the project of 'laptop'") != std::string::npos);
  CHECK(console.asked.empty());
}

TEST_CASE("run: the limits of a key hold as well, and nufid takes its project") {
  Console console = house();
  const Run run = console.run(words({"--key", "laptop"}, "true"));
  CHECK(run.code == 0);
  CHECK(run.err ==
        "nufi: 'run-sh-abcd' cost $0.0123 of $1.00 (within the limits of 'laptop'): 12 calls, 140 "
        "tokens, 1 failed\n");
  CHECK(was_asked(console, kCreate));
}

TEST_CASE("run: a budget that was reached is said") {
  Console reached;
  reached.answers("GET /v1/status", status_json());
  reached.answers(
      kCreate,
      key_json(R"({"name":"r","budget_usd":1,"budget_period":"total","key":"sk-nufi-x"})"));
  reached.answers("POST /v1/inference/keys/key_1/lease", key_json());
  reached.answers("DELETE /v1/inference/keys/key_1", key_json());
  reached.answers("GET /v1/requests?last=1&key=key_1&status=running", list_json({}));
  reached.answers(kUsage, usage(0.99, 12, 3));
  reached.answers(
      "POST /v1/inference/keys/key_1/check",
      R"({"allowed":false,"reason":"budget","limit":"key","message":"Budget reached","limit_usd":1,)"
      R"("spent_usd":0.99,"held_usd":0,"in_flight":0,"resets_at":null,"ask_usd":0.02,"ask_tokens":1})");
  const Run run = reached.run(words({"--budget", "1"}, "true"));
  CHECK(run.err.find("3 refused; the budget of the key is reached") != std::string::npos);
}

TEST_CASE("run: what can't be started ends its key and has the code of shells") {
  Console console = house();
  const Run run = console.run({"run", "--budget", "1", "nufi-no-such-program"});
  CHECK(run.code == 127);
  CHECK(run.err == "error: can't run nufi-no-such-program: No such file or directory\n");
  CHECK(was_asked(console, "DELETE /v1/inference/keys/key_1"));
}

TEST_CASE("run: a daemon that is gone at the end is no reason to wait, and is said") {
  Console gone;
  gone.answers("GET /v1/status", status_json());
  gone.answers(kCreate, key_json(R"({"name":"r","key":"sk-nufi-x"})"));
  gone.answers("POST /v1/inference/keys/key_1/lease", key_json());
  gone.answers("DELETE /v1/inference/keys/key_1",
               R"({"error":{"message":"gone","hint":null,"code":"unavailable"}})",
               503);
  const Run run = gone.run(words({"--budget", "1"}, "exit 4"));
  CHECK(run.code == 4);
  CHECK(run.err.find("nufid does not answer") != std::string::npos);
  CHECK(run.err.find("--key key_1") != std::string::npos);
}

TEST_CASE("run: a report is written for a program, and only whole") {
  Console console = house();
  const TempFile file;
  const Run run =
      console.run(words({"-q", "--budget", "1", "--json-report", file.path}, "kill -TERM $$"));
  CHECK(run.code == 128 + 15);
  const Json report = Json::parse(std::ifstream(file.path));
  CHECK(report["key"] == "key_1");
  CHECK(report["name"] == "run-sh-abcd");
  CHECK(report["exit_code"].is_null());
  CHECK(report["signal"] == "SIGTERM");
  CHECK(report["cost_usd"] == 0.0123);
  CHECK(report["requests"] == 12);
  CHECK(report["tokens"]["input"] == 100);
  CHECK(report["models"][0]["name"] == "gpt-4o");
  CHECK(report["command"][0] == "/bin/sh");
  CHECK(report["budget_reached"].is_null());
  using std::filesystem::perms;
  CHECK(std::filesystem::status(file.path).permissions() ==
        (perms::owner_read | perms::owner_write));
  CHECK_FALSE(std::filesystem::exists(file.path + ".part"));
}

TEST_CASE("run: a report that can't be written is said before a key is made") {
  Console console = house();
  for (const char* file : {"-", "/no/such/folder/report.json", "/tmp", "/dev/null"}) {
    CAPTURE(file);
    const Run run = console.run(words({"--json-report", file}, "true"));
    CHECK(run.code == 2);
    CHECK(console.asked.empty());
  }
}

TEST_CASE("run: nothing to run is a mistake, and so are options that do not exist") {
  Console console = house();
  const Run nothing = console.run({"run", "--budget", "1"});
  CHECK(nothing.code == 2);
  CHECK(nothing.err.find("nufi run --budget 1 -- python agent.py") != std::string::npos);
  CHECK(console.run({"run", "--"}).code == 2);
  const Run wrong = console.run({"run", "--bugdet", "1", "true"});
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("--budget") != std::string::npos);
  CHECK(console.run({"run", "--json", "true"}).code == 2);
  CHECK(console.asked.empty());
}

TEST_CASE("run: a made-up name that is taken is made up again, a given one is an error") {
  const char* taken = R"({"error":{"message":"taken","hint":null,"code":"conflict"}})";
  Console console;
  console.answers("GET /v1/status", status_json());
  console.answers(kCreate, taken, 409);
  console.answers(kCreate, key_json(R"({"name":"run-sh-abcd","key":"sk-nufi-x"})"));
  console.answers("POST /v1/inference/keys/key_1/lease", key_json());
  console.answers("DELETE /v1/inference/keys/key_1", key_json());
  CHECK(console.run(words({"-q"}, "true")).code == 0);

  Console named;
  named.answers("GET /v1/status", status_json());
  named.answers(kCreate, taken, 409);
  CHECK(named.run(words({"-q", "--name", "mine"}, "true")).code == 1);
}
