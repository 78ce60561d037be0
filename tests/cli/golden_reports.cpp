// usage, requests, profile, audit, ledger.
#include "tests/cli/golden.hpp"

namespace nufi::test {

namespace {

std::string calls() {
  return list_json({
      request_json(),
      request_json(
          R"({"id":"req_00000000002","key_name":"nightly-batch-of-the-search-index",)"
          R"("model":"meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo","cost_usd":1234.5,)"
          R"("time":"2026-08-15T11:00:00Z","tokens":{"input":1234567,"cached_input":1000000,)"
          R"("output":65536,"reasoning":32000},"timing":{"first_byte":900,"total":125000}})"),
      request_json(R"({"id":"req_00000000003","key_name":"家計簿","status":"upstream_error",)"
                   R"("http_status":502,"error_code":"upstream_timeout","cost_usd":0,)"
                   R"("time":"2026-08-14T12:00:00Z","tokens":{"input":0,"output":0},)"
                   R"("timing":{"total":600000}})"),
      request_json(R"({"id":"req_00000000004","key_name":"ci","status":"running","cost_usd":0.25,)"
                   R"("time":"2026-08-15T11:59:58Z","tokens":{"input":9,"output":0},)"
                   R"("timing":{"total":null}})"),
      request_json(R"({"id":"req_00000000005","key_name":"bad\u001b[31mname","status":"cut",)"
                   R"("cost_usd":0.0000001,"cost_basis":"estimated",)"
                   R"("time":"2025-08-15T11:59:58Z","timing":{"total":3}})"),
  });
}

constexpr const char* kNothing =
    R"({"from":"2026-07-17T00:00:00Z","to":"2026-08-16T00:00:00Z","timezone":"UTC",)"
    R"("totals":{"requests":0,"errors":0,"refused":0,"cost_usd":0,"tokens":{}},"days":[],"by":[]})";

std::string changes() {
  return list_json(
      {R"({"id":2,"time":"2026-08-15T11:57:00Z","account":"ana","account_id":"acct_1","uid":1000,)"
       R"("action":"key.edit","subject":"key_1","name":"laptop","before":{"budget_usd":5,"rpm":null},)"
       R"("after":{"budget_usd":10,"rpm":60}})",
       R"({"id":1,"time":"2026-08-15T10:00:00Z","account":"ana","account_id":"acct_1","uid":1000,)"
       R"("action":"setting.change","subject":"timezone","name":null,"before":null,)"
       R"("after":{"timezone":"Europe/Lisbon"}})",
       R"({"id":0,"time":"2026-08-01T10:00:00Z","account":"ana","account_id":"acct_1","uid":1000,)"
       R"("action":"upstream.add","subject":"up_1","name":"openai","before":null,)"
       R"("after":{"url":"https://api.openai.com/v1","models":["gpt-4o*","o3*","text-embedding-*"],)"
       R"("priority":0,"weight":1,"secret":"env OPENAI_API_KEY"}})"});
}

}  // namespace

std::vector<Scene> reports_scenes() {
  return {
      {.name = "usage",
       .words = {"usage"},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/usage?days=30&by=model", usage_json(30));
             console.answers("GET /v1/usage?days=30&by=key&top=11", usage_json(30));
             console.answers("GET /v1/profile", profile_json());
             console.answers("GET /v1/projects", list_json({}));
             console.answers("GET /v1/inference/keys", list_json({key_json()}));
           },
       .csv = true,
       .colour = true},
      {.name = "usage_none",
       .words = {"usage"},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/usage?days=30&by=model", kNothing);
             console.answers("GET /v1/usage?days=30&by=key&top=11", kNothing);
             console.answers("GET /v1/profile", profile_json());
             console.answers("GET /v1/projects", list_json({}));
             console.answers("GET /v1/inference/keys", list_json({key_json()}));
           },
       .csv = true},
      {.name = "requests",
       .words = {"requests"},
       .prepare = [](Console& console) { console.answers("GET /v1/requests?last=50", calls()); },
       .colour = true},
      {.name = "requests_none",
       .words = {"requests"},
       .prepare =
           [](Console& console) { console.answers("GET /v1/requests?last=50", list_json({})); }},
      {.name = "profile",
       .words = {"profile"},
       .prepare = [](Console& console) { console.answers("GET /v1/profile", profile_json()); }},
      {.name = "profile_set",
       .words = {"profile", "set", "--name", "Ana Lima"},
       .prepare =
           [](Console& console) {
             console.answers("PATCH /v1/profile", profile_json());
             console.answers("GET /v1/profile", profile_json());
           },
       .readers = Scene::Readers::action},
      {.name = "audit",
       .words = {"audit"},
       .prepare = [](Console& console) { console.answers("GET /v1/audit?last=50", changes()); }},
      {.name = "ledger_verify",
       .words = {"ledger", "verify"},
       .prepare =
           [](Console& console) {
             console.answers("POST /v1/ledger/verify",
                             R"({"ok":true,"rows":1234567,"rollups":890,"windows":6,"faults":[]})");
           },
       .readers = Scene::Readers::action},
      {.name = "ledger_verify_faults",
       .words = {"ledger", "verify"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "POST /v1/ledger/verify",
                 R"({"ok":false,"rows":12,"rollups":3,"windows":1,"faults":[)"
                 R"({"what":"key_1, month: the window says $1.25, its rows $1.50"},)"
                 R"({"what":"2026-08-15T10:00:00Z: the rollup counts 4 calls, its rows 5"}]})");
           },
       .readers = Scene::Readers::action,
       .colour = true},
  };
}

}  // namespace nufi::test
