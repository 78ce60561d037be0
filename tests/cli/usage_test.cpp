#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;
using nufi::test::Console;
using nufi::test::key_json;
using nufi::test::list_json;
using nufi::test::profile_json;
using nufi::test::Run;
using nufi::test::usage_json;

namespace {

Console house(int days) {
  Console console;
  const std::string query = "GET /v1/usage?days=" + std::to_string(days);
  for (const char* by : {"model", "key&top=11", "day"}) {
    console.answers(query + "&by=" + by, usage_json(days));
  }
  console.answers("GET /v1/profile", profile_json());
  console.answers("GET /v1/projects", list_json({}));
  console.answers("GET /v1/inference/keys",
                  list_json({key_json(R"({"name":"half","spent_usd":2.5,"held_usd":0.5})"),
                             key_json(R"({"name":"used-up","spent_usd":5})"),
                             key_json(R"({"name":"dead","spent_usd":4,"status":"revoked"})"),
                             key_json(R"({"name":"free","budget_usd":null})")}));
  return console;
}

}  // namespace

TEST_CASE("usage: totals, a chart per day, by model and by key on a terminal") {
  auto console = house(30);
  CHECK("\n" + console.on_terminal({"usage"}).out == R"(
30 days to now (UTC)
spent     $12.50
requests  1,234
tokens    120 in (20 cached), 40 out

BUDGET OF    SPENT        BUDGET                        USED  RESETS
key used-up  $5.00   $5.00/month  ████████████████████  100%  in 17d
key half     $2.50   $5.00/month  ██████████▒▒░░░░░░░░   50%  in 17d
account ana  $1.25  $50.00/month  █░░░░░░░░░░░░░░░░░░░    2%  in 17d

$10.00 ┤
       │
       │                                                      ▅
       │                                          ▃     █     █
 $5.00 ┤                              ▂     ▆     █     █     █
       │                        ▅     █     █     █     █     █
       │            ▃     █     █     █     █     █     █     █
       │▂     ▆     █     █     █     █     █     █     █     █
    $0 └────────────────────────────────────────────────────────────
        07-17   07-21   07-25   07-29   08-02   08-06   08-10  08-15

MODEL        REQUESTS  ERRORS  REFUSED    COST  TOKENS
gpt-4o            617       0        0  $12.25     160
gpt-4o-mini       617       0        0   $0.25     160

KEY          REQUESTS  ERRORS  REFUSED    COST  TOKENS
gpt-4o            617       0        0  $12.25     160
gpt-4o-mini       617       0        0   $0.25     160
)");
}

TEST_CASE("usage: without calls there is nothing to draw") {
  Console console;
  auto report = ordered_json::parse(usage_json(7));
  for (const char* field : {"requests", "errors", "refused", "cost_usd"}) {
    report["totals"][field] = 0;
  }
  console.answers("GET /v1/usage?days=7&by=model", report.dump());
  console.answers("GET /v1/profile", profile_json());
  console.answers("GET /v1/projects", list_json({}));
  console.answers("GET /v1/inference/keys", list_json({}));
  CHECK(console.on_terminal({"usage", "--days", "7"}).out ==
        "7 days to now (UTC)\nspent     $0.00\nrequests  0\ntokens    120 in (20 cached), 40 out\n"
        "\n"
        "BUDGET OF    SPENT        BUDGET                        USED  RESETS\n"
        "account ana  $1.25  $50.00/month  █░░░░░░░░░░░░░░░░░░░    2%  in 17d\n");
}

TEST_CASE("usage: TSV and CSV have the rows of --by") {
  auto console = house(7);
  const std::string rest = "\t617\t0\t0\t12.25\t160\t100\t20\t0\t0\t0\t40\t0\t0\t0\n";
  CHECK(console.run({"usage", "--days", "7"}).out.starts_with("gpt-4o" + rest));
  CHECK(console.run({"usage", "--days", "7", "--by", "day"})
            .out.starts_with("2026-08-09\t5\t0\t0\t0.25\t160\t100\t"));
  CHECK(console.run({"usage", "--days", "7", "--csv"})
            .out.starts_with("model,requests,errors,refused,cost_usd,tokens,input,cached_input,"
                             "cache_write,audio_input,image_input,output,reasoning,audio_output,"
                             "image_output\ngpt-4o,617,0,0,12.25,160,"));
}

TEST_CASE("usage: JSON is the report") {
  auto console = house(7);
  const auto json = ordered_json::parse(console.run({"usage", "--days", "7", "--json"}).out);
  CHECK(json["days"].size() == 7);
  CHECK(json["totals"]["cost_usd"] == 12.5);
  CHECK(json["totals"]["tokens"]["total"] == 160);
}

TEST_CASE("usage: --days, --by and --key are checked and sent") {
  Console console;
  CHECK(console.run({"usage", "--days", "0"}).code == 2);
  CHECK(console.run({"usage", "--days", "99999"}).code == 2);
  CHECK(console.run({"usage", "--by", "colour"}).code == 2);
  console.run({"usage", "--days", "90", "--by", "upstream", "--key", "my key", "--project", "web"});
  CHECK(console.asked ==
        std::vector<std::string>{"GET /v1/usage?days=90&by=upstream&key=my%20key&project=web"});
}

TEST_CASE("usage: --since and --until are of the person's own days") {
  Console console;
  console.time_zone = "Europe/Berlin";
  console.run({"usage", "--since", "2026-08-01", "--until", "2026-08-10"});
  console.run({"usage", "--since", "2026-08-01", "--until", "2026-08-10"});
  CHECK(console.asked == std::vector<std::string>{
                             "GET /v1/usage?from=2026-07-31T22%3A00%3A00Z&to=2026-08-10T22%3A00%"
                             "3A00Z&timezone=Europe%2FBerlin&by=model"});
  // Without a beginning so many days up to the end.
  console.run({"usage", "--until", "2026-08-10", "--days", "7"});
  CHECK(console.asked.front().starts_with(
      "GET /v1/usage?from=2026-08-03T22%3A00%3A00Z&to=2026-08-10T22%3A00%3A00Z&"));
  console.run({"usage", "--since", "2h"});
  CHECK(console.asked.front().starts_with("GET /v1/usage?from=2026-08-15T10%3A00%3A00Z&timezone"));
}

TEST_CASE("usage: a range that makes no sense is refused") {
  Console console;
  CHECK(console.run({"usage", "--since", "7d", "--days", "7"})
            .err.starts_with("error: --days goes without --since\n"));
  CHECK(console.run({"usage", "--since", "2026-08-10", "--until", "2026-08-01"})
            .err.starts_with("error: --until must be after --since\n"));
  CHECK(console.run({"usage", "--since", "2026-08-25"})
            .err.starts_with("error: --since must be a time that is over\n"));
  CHECK(console.run({"usage", "--since", "soon"}).code == 2);
  CHECK(console.asked.empty());
}

TEST_CASE("usage: bars of budgets are ASCII where the terminal has no more, and of what is asked") {
  auto console = house(30);
  const std::string query = "GET /v1/usage?days=30&by=";
  for (const char* by : {"model", "key&top=11"}) {
    std::string text = by;
    text.insert(text.find('&') == std::string::npos ? text.size() : text.find('&'), "&key=half");
    console.answers(query + text, usage_json(30));
  }
  console.answers("GET /v1/inference/keys/half",
                  key_json(R"({"name":"half","spent_usd":2.5,"held_usd":0.5})"));
  console.unicode = false;
  const std::string out = console.on_terminal({"usage", "--key", "half"}, 60).out;
  CHECK(out.find("BUDGET OF  SPENT       BUDGET              USED  RESETS\n"
                 "key half   $2.50  $5.00/month  #####=....   50%  in 17d\n") != std::string::npos);
}
