#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;
using nufi::test::Console;
using nufi::test::key_json;
using nufi::test::list_json;
using nufi::test::Run;
using nufi::test::status_json;

namespace {

constexpr const char* kCreate = "POST /v1/projects/default/inference/keys";

/// A daemon with three keys.
Console house() {
  Console console;
  console.answers(
      "GET /v1/inference/keys",
      list_json({key_json(),
                 key_json(R"({"id":"key_2","name":"nightly-batch","status":"disabled",)"
                          R"("budget_usd":1234.56789,"spent_usd":0.000004,)"
                          R"("created_at":"2026-01-01T00:00:00Z"})"),
                 key_json(R"({"id":"key_3","name":"old","status":"revoked","budget_usd":null,)"
                          R"("last_used_at":null,"expires_at":"2026-09-15T00:00:00Z"})")}));
  console.answers("GET /v1/inference/keys/laptop", key_json());
  console.answers("DELETE /v1/inference/keys/laptop", key_json(R"({"status":"revoked"})"));
  console.answers("PATCH /v1/inference/keys/laptop", key_json());
  console.answers("GET /v1/status", status_json());
  console.answers(kCreate, key_json(R"({"key":"sk-nufi-secret"})"), 201);
  return console;
}

}  // namespace

TEST_CASE("keys list: a table on a terminal") {
  auto console = house();
  CHECK("\n" + console.on_terminal({"keys", "list"}).out == R"(
NAME          STATUS                SPENT           BUDGET       LEFT  LAST USED
laptop        active            $1.25          $5.00/month      $3.75     3m ago
nightly-bat…  disabled, rotate  $0.000004  $1,234.57/month  $1,234.56     3m ago
old           revoked           $1.25                    -          -      never
)");
  CHECK(console.on_terminal({"keys", "list"}, 140).out.find("sk-nufi-…d7c") != std::string::npos);
}

TEST_CASE("keys list: 80 columns keep what is spent and left, long as it is, before all else") {
  Console console;
  console.answers(
      "GET /v1/inference/keys",
      list_json({key_json(R"({"name":"a-long-name-of-a-key","project":"web","status":"disabled",)"
                          R"("created_at":"2026-01-01T00:00:00Z","budget_usd":100000,)"
                          R"("spent_usd":12345.67,"expires_at":"2026-09-14T12:00:00Z"})")}));
  const std::string out = console.on_terminal({"keys", "list"}).out;
  for (const char* part :
       {"SPENT", "$12,345.67", "LEFT", "$87,654.33", "LAST USED", "3m ago", "$100,000.00/month"}) {
    CAPTURE(part);
    CHECK(out.find(part) != std::string::npos);
  }
  CHECK(out.find("PROJECT") == std::string::npos);
  CHECK(out.find("sk-nufi-") == std::string::npos);
}

TEST_CASE("keys list: a token limit alone is the budget") {
  Console console;
  console.answers("GET /v1/inference/keys",
                  list_json({key_json(R"({"budget_usd":null,"remaining_usd":null,)"
                                      R"("token_limit":50,"token_limit_period":"day"})")}));
  CHECK(console.on_terminal({"keys", "list"}).out.find("50 tokens/day") != std::string::npos);
}

TEST_CASE("keys list: TSV in a pipe, nothing shortened") {
  auto console = house();
  CHECK(console.run({"keys", "list"}).out ==
        "laptop\tactive\t1.25\t5\t3.75\t2026-08-15T11:57:00Z\t\tsk-nufi-…d7c\tkey_1\tdefault\tana"
        "\tmonth\t\t\tmonth\t0\n"
        "nightly-batch\tdisabled\t0.000004\t1234.56789\t1234.567886\t2026-08-15T11:57:00Z\t"
        "\tsk-nufi-…d7c\tkey_2\tdefault\tana\tmonth\trotate\t\tmonth\t0\n"
        "old\trevoked\t1.25\t\t\t\t2026-09-15T00:00:00Z\tsk-nufi-…d7c\tkey_3\tdefault\tana\tmonth"
        "\t\t\tmonth\t0\n");
}

TEST_CASE("keys list: JSON and ids") {
  auto console = house();
  const auto json = ordered_json::parse(console.run({"keys", "list", "--json"}).out);
  CHECK(json["data"].size() == 3);
  CHECK(json["next"].is_null());
  CHECK(json["data"][0] == ordered_json::parse(key_json()));
  CHECK(console.run({"keys", "list", "-q"}).out == "key_1\nkey_2\nkey_3\n");
  CHECK(console.run({"-q", "keys", "list"}).out == "key_1\nkey_2\nkey_3\n");
}

TEST_CASE("keys list: asks for what the options say, and an empty list says the next step") {
  Console console;
  console.answers("GET /v1/inference/keys?project=web&archived=true&all=true", list_json({}));

  const Run run = console.on_terminal({"keys", "list", "--all", "--archived", "--project", "web"});

  CHECK(run.code == 0);
  CHECK(run.out.empty());
  CHECK(run.err == "no key is archived\n");
  console.answers("GET /v1/inference/keys", list_json({}));
  CHECK(console.on_terminal({"keys", "list"}).err ==
        "no keys yet; make one with: nufi keys create --name laptop --budget 5\n");
}

TEST_CASE("keys show: rows for people, fields for programs") {
  auto console = house();
  CHECK("\n" + console.on_terminal({"keys", "show", "laptop"}, 60).out == R"(
name          laptop
status        active
key           sk-nufi-…d7c
id            key_1
account       ana
project       default
group         default
budget        $5.00/month, resets in 17d
spent         $1.25 this month
remaining     $3.75
requests/min  no limit
tokens/min    no limit
in parallel   no limit
models        all
addresses     all
enforce       strict
trace         off
created       14d ago
last used     3m ago
expires       never
)");
  console.is_terminal = false;
  CHECK(console.run({"keys", "show", "laptop"})
            .out.starts_with("id\tkey_1\nname\tlaptop\nmasked\tsk-nufi-…d7c\nstatus\tactive\n"));
  CHECK(console.run({"keys", "show", "laptop", "-q"}).out == "key_1\n");
}

TEST_CASE("keys create: prints the key once, with the two lines that use it") {
  auto console = house();

  const Run run = console.on_terminal({"keys", "create", "--name", "laptop", "--budget", "5"});

  CHECK(run.out ==
        "key 'laptop' (key_1, budget $5.00/month)\n\n"
        "  sk-nufi-secret\n\n"
        "export OPENAI_BASE_URL=http://127.0.0.1:6834/v1\n"
        "export OPENAI_API_KEY=sk-nufi-secret\n");
  CHECK(run.err == "\nnufi keeps no copy of the key: store it now\n");
  CHECK(console.asked.back() == std::string(kCreate) + R"( {"name":"laptop","budget_usd":5})");
}

TEST_CASE("keys create: the first word is the name as well") {
  auto console = house();
  CHECK(console.run({"keys", "create", "laptop", "-q"}).out == "sk-nufi-secret\n");
  CHECK(console.asked.back() == std::string(kCreate) + R"( {"name":"laptop"})");
}

TEST_CASE("keys create: quiet, env and JSON") {
  auto console = house();
  CHECK(console.run({"keys", "create", "--name", "laptop", "-q"}).out == "sk-nufi-secret\n");
  CHECK(console.asked.size() == 1);
  CHECK(console.run({"keys", "create", "--name", "laptop", "--env"}).out ==
        "export OPENAI_BASE_URL=http://127.0.0.1:6834/v1\nexport OPENAI_API_KEY=sk-nufi-secret\n");
  const auto json =
      ordered_json::parse(console.run({"keys", "create", "--name", "laptop", "--json"}).out);
  CHECK(json["key"] == "sk-nufi-secret");
}

TEST_CASE("keys create: nothing is made when its address or a clipboard can't be had") {
  Console console;
  console.answers(kCreate, key_json(), 201);
  CHECK(console.run({"keys", "create", "--name", "x", "--env"}).code == 3);
  CHECK(console.asked == std::vector<std::string>{"GET /v1/status"});
  CHECK(console.run({"keys", "create", "--name", "x", "--copy"}).code == 2);
  CHECK(console.asked.empty());
}

TEST_CASE("keys create: every option of the manual reaches the daemon") {
  auto console = house();
  console.answers("POST /v1/projects/web/inference/keys", key_json(), 201);

  console.run({"keys",
               "create",
               "--name",
               "n",
               "--project",
               "web",
               "--group",
               "g",
               "--budget",
               "0.000000001",
               "--budget-period",
               "day",
               "--token-limit",
               "1000",
               "--token-limit-period",
               "minute",
               "--rpm",
               "1",
               "--tpm",
               "2",
               "--max-parallel",
               "3",
               "--model",
               "gpt-*",
               "--model",
               "o3",
               "--ip",
               "10.0.0.0/8",
               "--expires",
               "30d",
               "--enforce",
               "soft",
               "--trace"});

  REQUIRE(console.asked.size() == 1);
  CHECK(console.asked[0] ==
        "POST /v1/projects/web/inference/keys "
        R"({"name":"n","group":"g","budget_usd":0.000000001,"budget_period":"day",)"
        R"("token_limit":1000,"token_limit_period":"minute","rpm":1,"tpm":2,"max_parallel":3,)"
        R"("allowed_models":["gpt-*","o3"],"allowed_ips":["10.0.0.0/8"],)"
        R"("expires_at":"2026-09-14T12:00:00Z","enforce":"soft","trace":true})");
}

TEST_CASE("lists: none stands alone, or a list would be emptied and filled in one") {
  for (const auto& command :
       std::vector<std::vector<std::string>>{{"keys", "edit", "laptop", "--model"},
                                             {"keys", "edit", "laptop", "--ip"},
                                             {"projects", "edit", "web", "--model"},
                                             {"groups", "edit", "team", "--upstream"},
                                             {"upstreams", "edit", "up", "--alias"}}) {
    auto console = house();
    auto words = command;
    words.insert(words.end(), {"none", command.back(), "x"});
    const Run run = console.run(words);
    CHECK(run.code == 2);
    CHECK(run.err.starts_with("error: " + command.back() + " none stands alone\n"));
    CHECK(console.asked.empty());
  }
}

TEST_CASE("keys edit: none clears, dates are read, -1 means never") {
  auto console = house();
  const auto sent = [&console](std::vector<std::string> options) {
    options.insert(options.begin(), {"keys", "edit", "laptop"});
    const Run run = console.run(options);
    CHECK(run.code == 0);
    const std::string prefix = "PATCH /v1/inference/keys/laptop ";
    REQUIRE(console.asked.size() == 1);
    return console.asked[0].substr(prefix.size());
  };
  CHECK(sent({"--budget", "none", "--rpm", "none"}) == R"({"budget_usd":null,"rpm":null})");
  CHECK(sent({"--model", "none"}) == R"({"allowed_models":null})");
  CHECK(sent({"--expires", "-1"}) == R"({"expires_at":null})");
  CHECK(sent({"--expires", "never"}) == R"({"expires_at":null})");
  CHECK(sent({"--expires", "2026-12-31"}) == R"({"expires_at":"2026-12-31T00:00:00Z"})");
  CHECK(sent({"--expires", "2026-12-31T10:00:00+02:00"}) ==
        R"({"expires_at":"2026-12-31T08:00:00Z"})");
  CHECK(sent({"--no-trace", "--name", "new name"}) == R"({"name":"new name","trace":false})");
}

TEST_CASE("keys edit: a value that can't be one is refused before the daemon is asked") {
  auto console = house();
  const auto refused = [&console](const std::string& option, const std::string& value) {
    const Run run = console.run({"keys", "edit", "laptop", option, value});
    CHECK(run.code == 2);
    CHECK(console.asked.empty());
    return run.err.substr(0, run.err.find('\n'));
  };
  CHECK(refused("--budget", "much") == "error: --budget must be an amount in USD like 5 or 0.25");
  CHECK(refused("--budget", "-5") == "error: --budget must be an amount in USD like 5 or 0.25");
  CHECK(refused("--budget-period", "hour") ==
        "error: --budget-period must be day, week, month or total");
  CHECK(refused("--rpm", "0") == "error: --rpm must be a whole number above 0");
  CHECK(refused("--expires", "soon") ==
        "error: --expires must be like 30d, 2026-12-31, 2026-12-31T10:00:00Z or never");
  CHECK(refused("--enforce", "hard") == "error: --enforce must be strict or soft");
}

TEST_CASE("keys revoke: a pipe needs --yes") {
  auto console = house();
  const Run refused = console.run({"keys", "revoke", "laptop"});
  CHECK(refused.code == 2);
  CHECK(refused.err ==
        "error: will not revoke key 'laptop' for good without being told to\nhint: add --yes\n");
  CHECK(console.asked == std::vector<std::string>{"GET /v1/inference/keys/laptop"});
  CHECK(console.run({"keys", "revoke", "no-such-key"}).code == 3);

  const Run done = console.run({"keys", "revoke", "laptop", "--yes"});
  CHECK(done.code == 0);
  CHECK(done.out.empty());
  CHECK(done.err == "key 'laptop' is revoked\n");
  CHECK(console.asked == std::vector<std::string>{"DELETE /v1/inference/keys/laptop"});
}

TEST_CASE("keys revoke: a person is asked, by the key's name") {
  auto console = house();
  console.answers("GET /v1/inference/keys/key_1", key_json());
  console.can_ask = true;
  console.input = "n\n";
  const Run no = console.on_terminal({"keys", "revoke", "key_1"});
  CHECK(no.code == 2);
  CHECK(no.err.starts_with("revoke key 'laptop' for good? [y/N] error: nothing was done\n"));

  console.answers("DELETE /v1/inference/keys/key_1", key_json(R"({"status":"revoked"})"));
  console.input = "y\n";
  CHECK(console.on_terminal({"keys", "revoke", "key_1"}).code == 0);
  CHECK(console.asked.back() == "DELETE /v1/inference/keys/key_1");
}

TEST_CASE("keys disable, enable: act on the key and print it when asked to") {
  Console console;
  console.answers("POST /v1/inference/keys/laptop/disable", key_json(R"({"status":"disabled"})"));
  console.answers("POST /v1/inference/keys/laptop/enable", key_json());
  CHECK(console.run({"keys", "disable", "laptop"}).err == "key 'laptop' is disabled\n");
  CHECK(console.run({"keys", "enable", "laptop", "-q"}).out == "key_1\n");
  const auto json = ordered_json::parse(console.run({"keys", "disable", "laptop", "--json"}).out);
  CHECK(json["status"] == "disabled");
}

TEST_CASE("keys rotate: prints the new key as create does, and says when the old one ends") {
  auto console = house();
  const std::string rotate = "POST /v1/inference/keys/laptop/rotate";
  console.answers(rotate,
                  key_json(R"({"key":"sk-nufi-new","rotated_at":"2026-08-15T12:00:00Z",)"
                           R"("overlap_ends_at":"2026-08-16T12:00:00Z"})"));
  CHECK(console.on_terminal({"keys", "rotate", "laptop", "--overlap", "24h"}).out ==
        "key 'laptop' (key_1) has a new secret; the old one works until 2026-08-16T12:00:00Z\n\n"
        "  sk-nufi-new\n\n"
        "export OPENAI_BASE_URL=http://127.0.0.1:6834/v1\n"
        "export OPENAI_API_KEY=sk-nufi-new\n");
  CHECK(console.asked.back() == rotate + R"( {"overlap_seconds":86400})");

  console.is_terminal = false;
  CHECK(console.run({"keys", "rotate", "laptop", "-q"}).out == "sk-nufi-new\n");
  CHECK(console.asked == std::vector<std::string>{rotate + R"( {"overlap_seconds":0})"});
  CHECK(console.run({"keys", "rotate", "laptop", "--env"}).out.find("OPENAI_API_KEY=sk-nufi-new") !=
        std::string::npos);
  const Run refused = console.run({"keys", "rotate", "laptop", "--overlap", "soon"});
  CHECK(refused.code == 2);
  CHECK(refused.err.starts_with("error: --overlap must be a time like 90s, 24h or 7d\n"));
}

TEST_CASE("keys rotate: a person is asked before a secret ends at once, a script is not") {
  Console console;
  console.answers("GET /v1/inference/keys/key_1", key_json());
  console.answers("GET /v1/status", status_json());
  console.answers("POST /v1/inference/keys/key_1/rotate", key_json(R"({"key":"sk-nufi-new"})"));
  console.can_ask = true;
  console.input = "n\n";
  const Run no = console.run({"keys", "rotate", "key_1", "-q"});
  CHECK(no.code == 2);
  CHECK(no.out.empty());
  CHECK(no.err.starts_with("rotate key 'laptop', whose secret ends at once"));
  CHECK(console.asked == std::vector<std::string>{"GET /v1/inference/keys/key_1"});
  console.input = "y\n";
  CHECK(console.run({"keys", "rotate", "key_1", "-q"}).out == "sk-nufi-new\n");
  console.input.clear();
  for (const char* word : {"--yes", "--overlap=24h", "--overlap=0"}) {
    CAPTURE(word);
    CHECK(console.run({"keys", "rotate", "key_1", "-q", word}).out == "sk-nufi-new\n");
    CHECK(console.asked.size() == 1);
  }
  console.can_ask = false;
  CHECK(console.run({"keys", "rotate", "key_1", "-q"}).code == 0);
}

TEST_CASE("keys rotate: the age that marks a key counts from its last rotation") {
  Console console;
  console.answers("GET /v1/inference/keys",
                  list_json({key_json(R"({"created_at":"2026-01-01T00:00:00Z"})"),
                             key_json(R"({"created_at":"2026-01-01T00:00:00Z",)"
                                      R"("rotated_at":"2026-08-01T00:00:00Z"})")}));
  const std::string list = console.run({"keys", "list"}).out;
  CHECK(list.find("\tmonth\trotate\t") < list.find('\n'));
  CHECK(list.ends_with("\tmonth\t\t\tmonth\t0\n"));
}

TEST_CASE("keys show: what there is of a rotation and the archive is told") {
  Console console;
  console.answers("GET /v1/inference/keys/laptop",
                  key_json(R"({"rotated_at":"2026-08-15T11:00:00Z","status":"revoked",)"
                           R"("overlap_ends_at":"2026-08-16T12:00:00Z","archived":true})"));
  const std::string rows = console.on_terminal({"keys", "show", "laptop"}).out;
  CHECK(rows.find("rotated          1h ago\n") != std::string::npos);
  CHECK(rows.find("old secret ends  in 1d\n") != std::string::npos);
  CHECK(rows.find("archived         yes\n") != std::string::npos);
}

TEST_CASE("keys archive, unarchive: act on the key") {
  Console console;
  console.answers("POST /v1/inference/keys/old/archive", key_json(R"({"archived":true})"));
  console.answers("POST /v1/inference/keys/old/unarchive", key_json());
  CHECK(console.run({"keys", "archive", "old"}).err == "key 'laptop' is archived\n");
  CHECK(console.run({"keys", "unarchive", "old"}).err == "key 'laptop' is in the list again\n");
}

TEST_CASE("keys delete: a pipe needs --yes") {
  Console console;
  console.answers("DELETE /v1/inference/keys/laptop?purge=true", key_json());
  console.answers("GET /v1/inference/keys/laptop", key_json());
  const Run refused = console.run({"keys", "delete", "laptop"});
  CHECK(refused.code == 2);
  CHECK(refused.err ==
        "error: will not delete key 'laptop' for good without being told to\nhint: add --yes\n");
  CHECK(console.asked == std::vector<std::string>{"GET /v1/inference/keys/laptop"});
  CHECK(console.run({"keys", "delete", "no-such-key"}).code == 3);
  CHECK(console.run({"keys", "delete", "laptop", "--yes"}).err == "key 'laptop' is deleted\n");
  CHECK(console.asked == std::vector<std::string>{"DELETE /v1/inference/keys/laptop?purge=true"});
}

TEST_CASE("keys revoke --all: says how many, and asks") {
  auto console = house();
  console.answers("POST /v1/inference/keys/revoke-all", list_json({key_json(), key_json()}));
  const Run refused = console.run({"keys", "revoke", "--all"});
  CHECK(refused.code == 2);
  CHECK(refused.err ==
        "error: will not revoke all your 2 live keys for good without being told to\n"
        "hint: add --yes\n");
  CHECK(console.asked == std::vector<std::string>{"GET /v1/inference/keys"});

  console.can_ask = true;
  console.input = "y\n";
  const Run done = console.run({"keys", "revoke", "--all"});
  CHECK(done.err.find("revoke all your 2 live keys for good? [y/N]") != std::string::npos);
  CHECK(done.err.find("2 live keys are revoked\n") != std::string::npos);
  CHECK(console.run({"keys", "revoke", "--all", "--yes", "-q"}).out == "key_1\nkey_1\n");
}

TEST_CASE("keys revoke: one KEY or --all, not both and not none") {
  auto console = house();
  CHECK(console.run({"keys", "revoke", "--yes"}).code == 2);
  CHECK(console.run({"keys", "revoke", "laptop", "--all", "--yes"}).code == 2);
  CHECK(console.asked.empty());
}

TEST_CASE("keys edit: --reset-spend alone is a change, and none stands for every default") {
  auto console = house();
  const std::string patch = "PATCH /v1/inference/keys/laptop ";
  console.run({"keys", "edit", "laptop", "--reset-spend"});
  CHECK(console.asked.back() == patch + R"({"reset_spend":true})");
  console.run({"keys",
               "edit",
               "laptop",
               "--group",
               "none",
               "--budget-period",
               "none",
               "--token-limit-period",
               "none",
               "--ip",
               "none"});
  CHECK(console.asked.back() ==
        patch + R"({"group":null,"budget_period":null,"token_limit_period":null,)"
                R"("allowed_ips":null})");
  CHECK(console.run({"keys", "create", "--name", "x", "--reset-spend"}).code == 2);
}
