// projects, groups and audit.
#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;
using nufi::test::Console;
using nufi::test::list_json;
using nufi::test::Run;

namespace {

std::string project_json(const std::string& name = "agents") {
  return R"({"id":"proj_1","name":")" + name +
         R"(","account":"ana","created_at":"2026-08-01T10:00:00Z","budget_usd":50,)"
         R"("budget_period":"month","spent_usd":1.25,"held_usd":0,"remaining_usd":48.75,)"
         R"("budget_resets_at":"2026-09-01T00:00:00Z","token_limit":null,)"
         R"("token_limit_period":"month","tokens_used":0,"tokens_held":0,"tokens_remaining":null,)"
         R"("allowed_models":["gpt-*"],"live_keys":3})";
}

constexpr const char* kGroup =
    R"({"id":"grp_1","name":"team","multiplier":1.5,"allowed_models":[],"rpm":60,"tpm":null,"max_parallel":null,)"
    R"("upstreams":["openai"],"live_keys":2,"created_at":"2026-08-01T10:00:00Z"})";

constexpr const char* kEdit =
    R"({"id":2,"time":"2026-08-15T11:57:00Z","account":"ana","account_id":"acct_1","uid":1000,)"
    R"("via":null,"action":"key.edit","subject":"key_1","name":"laptop","before":{"budget_usd":5,"rpm":null},)"
    R"("after":{"budget_usd":10,"rpm":60}})";
constexpr const char* kCreate =
    R"({"id":1,"time":"2026-08-15T10:00:00Z","account":"ana","account_id":"acct_1","uid":1000,)"
    R"("action":"setting.change","subject":"timezone","name":null,"before":null,)"
    R"("after":{"timezone":"UTC"}})";

}  // namespace

TEST_CASE("projects list: a table, TSV, ids, everyone's") {
  Console console;
  console.answers("GET /v1/projects", list_json({project_json()}));
  console.answers("GET /v1/projects?all=true", list_json({project_json()}));
  CHECK("\n" + console.on_terminal({"projects", "list"}).out == R"(
PROJECT  KEYS  SPENT        BUDGET    LEFT  MODELS
agents      3  $1.25  $50.00/month  $48.75  gpt-*
)");
  console.is_terminal = false;
  CHECK(console.run({"projects", "list"}).out ==
        "agents\t3\t1.25\t50\t48.75\tgpt-*\tana\tproj_1\tmonth\n");
  CHECK(console.run({"projects", "list", "-q"}).out == "proj_1\n");
  CHECK(console.on_terminal({"projects", "list", "--all"}).out.find("ACCOUNT") !=
        std::string::npos);
}

TEST_CASE("projects create: takes its name as a word or an option, and all limits") {
  Console console;
  console.answers("POST /v1/projects", project_json());
  const Run run = console.run({"projects",
                               "create",
                               "agents",
                               "--budget",
                               "50",
                               "--token-limit",
                               "1000",
                               "--token-limit-period",
                               "hour",
                               "--model",
                               "gpt-*"});
  CHECK(run.err == "project 'agents' created\n");
  CHECK(console.asked.at(0) ==
        R"(POST /v1/projects {"name":"agents","budget_usd":50,"token_limit":1000,)"
        R"("token_limit_period":"hour","allowed_models":["gpt-*"]})");
  CHECK(console.run({"projects", "create", "--name", "agents", "-q"}).out == "proj_1\n");
  CHECK(console.run({"projects", "create"}).code == 2);
}

TEST_CASE("projects create: two names are refused") {
  Console console;
  CHECK(console.run({"projects", "create", "one", "--name", "two"}).code == 2);
  CHECK(console.run({"groups", "create", "one", "--name", "two"}).code == 2);
  CHECK(console.asked.empty());
}

TEST_CASE("projects edit: sets, clears and resets; nothing to change is refused") {
  Console console;
  console.answers("PATCH /v1/projects/agents", project_json());
  const Run run = console.run({"projects",
                               "edit",
                               "agents",
                               "--name",
                               "bots",
                               "--budget",
                               "none",
                               "--model",
                               "none",
                               "--reset-spend"});
  CHECK(run.err == "project 'agents' changed\n");
  CHECK(console.asked.at(0) ==
        R"(PATCH /v1/projects/agents {"name":"bots","budget_usd":null,"reset_spend":true,)"
        R"("allowed_models":null})");
  CHECK(console.run({"projects", "edit", "agents"}).code == 2);
}

TEST_CASE("projects delete: asks a person, refuses in a pipe without --yes") {
  Console console;
  console.answers("GET /v1/projects/agents", project_json());
  console.answers("DELETE /v1/projects/agents", project_json());
  CHECK(console.run({"projects", "delete", "agents"}).code == 2);
  CHECK(console.asked == std::vector<std::string>{"GET /v1/projects/agents"});
  CHECK(console.run({"projects", "delete", "no-such-project"}).code == 3);
  CHECK(console.run({"projects", "delete", "agents", "--yes"}).err ==
        "project 'agents' is deleted\n");
  console.can_ask = true;
  console.input = "n\n";
  const Run no = console.run({"projects", "delete", "agents"});
  CHECK(no.code == 2);
  CHECK(no.err.starts_with("delete project 'agents'? [y/N] "));
}

TEST_CASE("groups: list and show say what a group changes") {
  Console console;
  console.answers("GET /v1/groups", list_json({kGroup}));
  console.answers("GET /v1/groups/team", kGroup);
  CHECK("\n" + console.on_terminal({"groups", "list"}).out == R"(
GROUP  PRICE  KEYS  RPM  TPM  MODELS  UPSTREAMS
team   × 1.5     2   60    -  all     openai
)");
  console.is_terminal = false;
  CHECK(console.run({"groups", "list"}).out == "team\t1.5\t2\t60\t\t\topenai\tgrp_1\n");
  CHECK(console.on_terminal({"groups", "show", "team"}).out.starts_with("group         team\n"));
  CHECK(ordered_json::parse(console.run({"groups", "show", "team", "--json"}).out) ==
        ordered_json::parse(kGroup));
}

TEST_CASE("groups: create and edit send what was said, wrong multipliers are refused") {
  Console console;
  console.answers("POST /v1/groups", kGroup);
  console.answers("PATCH /v1/groups/team", kGroup);
  console.answers("DELETE /v1/groups/team", kGroup);
  console.run(
      {"groups", "create", "team", "--multiplier", "1.5", "--rpm", "60", "--upstream", "openai"});
  CHECK(console.asked.at(0) ==
        R"(POST /v1/groups {"name":"team","multiplier":1.5,"rpm":60,"upstreams":["openai"]})");
  console.run({"groups", "edit", "team", "--multiplier", "none", "--tpm", "none"});
  CHECK(console.asked.at(0) == R"(PATCH /v1/groups/team {"multiplier":null,"tpm":null})");
  for (const char* wrong : {"0", "-1", "1001", "fast"}) {
    const Run run = console.run({"groups", "edit", "team", "--multiplier", wrong});
    CHECK(run.code == 2);
    CHECK(run.err.find("--multiplier must be a number above 0, at most 1000") != std::string::npos);
  }
  CHECK(console.run({"groups", "delete", "team"}).code == 3);
  console.answers("GET /v1/groups/team", kGroup);
  CHECK(console.run({"groups", "delete", "team"}).code == 2);
  CHECK(console.run({"groups", "delete", "team", "--yes"}).err == "group 'team' is deleted\n");
}

TEST_CASE("audit: time, who, action, subject and change") {
  Console console;
  console.answers("GET /v1/audit?last=50", list_json({kEdit, kCreate}));
  console.answers("GET /v1/audit?last=1", list_json({kEdit}));
  CHECK("\n" + console.on_terminal({"audit"}, 100).out == R"(
  TIME  WHO  ACTION          SUBJECT   CHANGE
3m ago  ana  key.edit        laptop    budget_usd 5 → 10, rpm none → 60
2h ago  ana  setting.change  timezone  timezone UTC
)");
  console.is_terminal = false;
  CHECK(console.run({"audit", "--last", "1"}).out ==
        "2026-08-15T11:57:00Z\tana\t1000\tkey.edit\tlaptop\tkey_1\t"
        "budget_usd 5 → 10, rpm none → 60\n");
  const auto json = ordered_json::parse(console.run({"audit", "--last", "1", "--json"}).out);
  CHECK(json["data"][0] == ordered_json::parse(kEdit));
  CHECK(console.run({"audit", "--last", "none"}).code == 2);
}

TEST_CASE("help: the words of a command after help show its help; unknown ones are pointed out") {
  Console console;
  const Run all = console.run({"help"});
  CHECK(all.code == 0);
  CHECK(all.out.find("keys") != std::string::npos);
  const Run one = console.run({"help", "groups", "create"});
  CHECK(one.code == 0);
  CHECK(one.out.find("--multiplier") != std::string::npos);
  const Run unknown = console.run({"help", "keyz"});
  CHECK(unknown.code == 2);
  CHECK(unknown.err == "error: unknown command 'keyz'\nhint: did you mean nufi keys?\n");
}
