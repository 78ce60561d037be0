// accounts, projects, groups, config.
#include "tests/cli/golden.hpp"

namespace nufi::test {

namespace {

std::string project_json(const std::string& name, const std::string& money) {
  return R"({"id":"proj_1","name":")" + name +
         R"(","account":"ana","created_at":"2026-08-01T10:00:00Z",)" + money +
         R"(,"budget_period":"month","held_usd":0,)"
         R"("budget_resets_at":"2026-09-01T00:00:00Z","token_limit":null,)"
         R"("token_limit_period":"month","tokens_used":0,"tokens_held":0,"tokens_remaining":null,)"
         R"("allowed_models":["gpt-*","claude-sonnet-*"],"live_keys":3})";
}
const std::string kProject =
    project_json("agents", R"("budget_usd":50,"spent_usd":1.25,"remaining_usd":48.75)");

constexpr const char* kGroup =
    R"({"id":"grp_1","name":"team","multiplier":1.5,"allowed_models":[],"rpm":60,"tpm":null,)"
    R"("max_parallel":null,"upstreams":["openai"],"live_keys":2,)"
    R"("created_at":"2026-08-01T10:00:00Z"})";
constexpr const char* kOpenGroup =
    R"({"id":"grp_0","name":"default","multiplier":1,"allowed_models":["gpt-4o*","o3*","claude-*"],)"
    R"("rpm":null,"tpm":1000000,"max_parallel":4,"upstreams":[],"live_keys":120,)"
    R"("created_at":"2026-08-01T10:00:00Z"})";

constexpr const char* kSettings =
    R"({"data":[{"name":"timezone","value":"Europe/Lisbon","default":"UTC",)"
    R"("description":"IANA name; days, weeks and months of budgets begin and end in it"},)"
    R"({"name":"default_budget_usd","value":null,"default":null,)"
    R"("description":"budget of a new account, in USD"},)"
    R"({"name":"keep_days","value":"30","default":"90",)"
    R"("description":"days for which calls are kept; reports are kept for ever"}],"next":null})";

void answers_project(Console& console) {
  console.answers("GET /v1/projects/agents", kProject);
  console.answers("PATCH /v1/projects/agents", kProject);
  console.answers("DELETE /v1/projects/agents", kProject);
  console.answers("POST /v1/projects", kProject, 201);
  console.input = "y\n";
}

void answers_group(Console& console) {
  console.answers("GET /v1/groups/team", kGroup);
  console.answers("PATCH /v1/groups/team", kGroup);
  console.answers("DELETE /v1/groups/team", kGroup);
  console.answers("POST /v1/groups", kGroup, 201);
  console.input = "y\n";
}

void answers_settings(Console& console) {
  console.answers("GET /v1/settings", kSettings);
  console.answers("PATCH /v1/settings", kSettings);
}

Scene action(const std::string& name,
             std::vector<std::string> words,
             std::function<void(Console&)> prepare) {
  return {.name = name,
          .words = std::move(words),
          .prepare = std::move(prepare),
          .readers = Scene::Readers::action};
}

}  // namespace

std::vector<Scene> people_scenes() {
  return {
      {.name = "accounts_list",
       .words = {"accounts", "list"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "GET /v1/accounts",
                 list_json(
                     {account_json(),
                      account_json(
                          R"({"id":"acct_2","username":"maximilian.von-und-zu","role":"member",)"
                          R"("name":"山田 太郎","email":"a.very.long.address@department.example.org",)"
                          R"("budget_usd":null,"spent_usd":12345.678901,"remaining_usd":null})")}));
           },
       .colour = true},
      {.name = "accounts_show",
       .words = {"accounts", "show", "ana"},
       .prepare =
           [](Console& console) { console.answers("GET /v1/accounts/ana", account_json()); }},
      action("accounts_edit",
             {"accounts", "edit", "ana", "--budget", "50"},
             [](Console& console) { console.answers("PATCH /v1/accounts/ana", account_json()); }),
      {.name = "projects_list",
       .words = {"projects", "list"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "GET /v1/projects",
                 list_json({kProject,
                            project_json("default",
                                         R"("budget_usd":null,"spent_usd":0,"remaining_usd":null)"),
                            project_json("evaluation-of-the-search-index",
                                         R"("budget_usd":1000,"spent_usd":0.000123,)"
                                         R"("remaining_usd":999.999877)")}));
           }},
      {.name = "projects_show",
       .words = {"projects", "show", "agents"},
       .prepare = answers_project},
      action(
          "projects_create", {"projects", "create", "agents", "--budget", "50"}, answers_project),
      action("projects_edit", {"projects", "edit", "agents", "--budget", "50"}, answers_project),
      action("projects_delete", {"projects", "delete", "agents"}, answers_project),
      {.name = "groups_list",
       .words = {"groups", "list"},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/groups", list_json({kOpenGroup, kGroup}));
           }},
      {.name = "groups_show", .words = {"groups", "show", "team"}, .prepare = answers_group},
      action("groups_create", {"groups", "create", "team", "--rpm", "60"}, answers_group),
      action("groups_edit", {"groups", "edit", "team", "--rpm", "60"}, answers_group),
      action("groups_delete", {"groups", "delete", "team"}, answers_group),
      {.name = "config_list", .words = {"config", "list"}, .prepare = answers_settings},
      {.name = "config_get",
       .words = {"config", "get", "keep_days"},
       .prepare = answers_settings,
       .readers = Scene::Readers::action},
      action("config_set", {"config", "set", "keep_days", "30"}, answers_settings),
  };
}

}  // namespace nufi::test
