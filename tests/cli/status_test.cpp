#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;
using nufi::test::Console;
using nufi::test::Run;
using nufi::test::status_json;

TEST_CASE("status: what runs, where, and what it spent") {
  Console console;
  console.answers("GET /v1/status", status_json());
  CHECK("\n" + console.on_terminal({"status"}, 100).out == R"(
nufid      0.1.0, pid 42, started 2h ago
inference  http://127.0.0.1:6834/v1
console    http://127.0.0.1:6835
socket     /run/user/1000/nufi/nufid.sock
data       /home/ana/.local/share/nufi
ledger     ok, durability process
in flight  2 calls, $0.50 held
live keys  3
prices     catalogue of 2026-08-01
budget     $50.00/month, resets in 17d
spent      $1.25 this month
remaining  $48.75

UPSTREAM  HEALTH  URL                        MODELS  SECRET              PRIORITY
openai    ok      https://api.openai.com/v1  gpt-*   env OPENAI_API_KEY         0
)");
}

TEST_CASE("status: long values go on in the next line") {
  Console console;
  console.answers("GET /v1/status", status_json());
  CHECK(console.on_terminal({"status"}, 36)
            .out.find("data       /home/ana/.local/share/nu\n           fi\n") !=
        std::string::npos);
}

TEST_CASE("status: a daemon that is down is said so, with exit 5 and the next step") {
  Console console;
  console.is_down = true;
  const Run run = console.run({"status"});
  CHECK(run.code == 5);
  CHECK(run.err.ends_with("hint: start it with: nufi up\n"));
  const Run json = console.run({"status", "--json"});
  CHECK(json.code == 5);
  CHECK(ordered_json::parse(json.out)["running"] == false);
}

TEST_CASE("status: JSON and fields tell that it runs") {
  Console console;
  console.answers("GET /v1/status", status_json());
  const auto json = ordered_json::parse(console.run({"status", "--json"}).out);
  CHECK(json["running"] == true);
  CHECK(json["pid"] == 42);
  CHECK(console.run({"status"}).out.starts_with("running\ttrue\nversion\t0.1.0\npid\t42\n"));
}

TEST_CASE("status: in a pipe every field is a row of its own") {
  Console console;
  console.answers("GET /v1/status", status_json());
  const std::string out = console.run({"status"}).out;
  CHECK(out.find("\nspend.spent_usd\t1.25\n") != std::string::npos);
  CHECK(out.find("\nupstreams.openai.health\tok\n") != std::string::npos);
  CHECK(out.find('{') == std::string::npos);
}

TEST_CASE("status: a ledger that can't be written is a fault") {
  Console console;
  console.answers("GET /v1/status",
                  status_json(R"({"ledger_writable":false,"ledger_problem":"disk full"})"));
  const Run run = console.on_terminal({"status"});
  CHECK(run.code == 1);
  CHECK(run.out.find("can't be written: disk full") != std::string::npos);
}

TEST_CASE("up: a daemon that runs is left alone, unless it should get other flags") {
  Console console;
  console.answers("GET /v1/status", status_json());
  const Run run = console.run({"up"});
  CHECK(run.code == 0);
  CHECK(run.err == "nufid 0.1.0 is running already on http://127.0.0.1:6834/v1 (pid 42)\n");
  CHECK(console.run({"up", "--demo"}).code == 1);
  CHECK(console.run({"up", "--", "--log-level", "debug"}).code == 1);
}

TEST_CASE("down: nothing to stop is no fault") {
  Console console;
  console.is_down = true;
  const Run run = console.run({"down"});
  CHECK(run.code == 0);
  CHECK(run.err == "nufid is not running\n");
}
