// upstreams, models, prices, reprice.
#include "tests/cli/golden.hpp"

namespace nufi::test {

namespace {

constexpr const char* kTiny =
    R"({"id":"x/y@2026-08-01","provider":"together","date":"2026-08-01","free":false,)"
    R"("model":"meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo","mode":"chat",)"
    R"("rates":{"input":0.0375,"output":1234.5},"own":false,)"
    R"("tiers":[{"above_tokens":200000,"rates":{"input":0.075,"output":2469}}]})";

std::string many_upstreams() {
  return list_json(
      {upstream_json(),
       upstream_json(R"({"id":"up_2","name":"local","url":"http://127.0.0.1:11434/v1","models":[],)"
                     R"("provider":"ollama","secret":"none","free":true,"priority":-5,)"
                     R"("health":"failing: connection refused"})"),
       upstream_json(
           R"({"id":"up_3","name":"a-provider-with-a-long-name","priority":10,"weight":3,)"
           R"("url":"https://gateway.internal.example.org:8443/team/search/openai/v1",)"
           R"("models":["gpt-4o*","claude-*","text-embedding-3-large"],"provider":null,)"
           R"("secret":"file /etc/nufi/secret","health":"resting 12s: 429"})")});
}

constexpr const char* kImport =
    R"({"applied":false,"added":[{"model":"new-model","provider":"acme",)"
    R"("rates":{"input":1,"output":2}}],"changed":[{"price":{"model":"gpt-4o",)"
    R"("provider":"openai","rates":{"input":3,"output":10},"max_output":2},)"
    R"("before":{"model":"gpt-4o","provider":"openai","rates":{"input":2.5,"output":10},)"
    R"("max_output":1}}],"unchanged":1234,"skipped":9,)"
    R"("refused":[{"provider":"acme","model":"odd","reason":"it has no price"}]})";

std::string repriced(bool applied) {
  return std::string(R"({"applied":)") + (applied ? "true" : "false") +
         R"(,"from":"2026-08-01T00:00:00Z","to":"2026-08-15T12:00:00Z","rows":1234,"changed":617,)"
         R"("kept":1,"old_cost_usd":12.5,"new_cost_usd":13.75,"models":[)"
         R"({"model":"gpt-4o","rows":617,"changed":617,"kept":0,"old_cost_usd":12.25,)"
         R"("new_cost_usd":13.5},{"model":"meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo",)"
         R"("rows":617,"changed":0,"kept":1,"old_cost_usd":0.25,"new_cost_usd":0.25}]})";
}

void answers_upstream(Console& console) {
  console.answers("GET /v1/upstreams/openai", upstream_json());
  console.answers("PATCH /v1/upstreams/openai", upstream_json());
  console.answers("DELETE /v1/upstreams/openai", R"({"removed":"openai"})");
  console.answers("POST /v1/upstreams", upstream_json(), 201);
  console.answers("GET /v1/models",
                  list_json({R"({"name":"gpt-4o","upstreams":["openai"],"price":)" +
                             std::string(kPrice) + "}"}));
  console.input = "y\n";
}

}  // namespace

std::vector<Scene> upstreams_scenes() {
  return {
      {.name = "upstreams_list",
       .words = {"upstreams", "list"},
       .prepare = [](Console& console) { console.answers("GET /v1/upstreams", many_upstreams()); },
       .colour = true},
      {.name = "upstreams_list_none",
       .words = {"upstreams", "list"},
       .prepare = [](Console& console) { console.answers("GET /v1/upstreams", list_json({})); }},
      {.name = "upstreams_show",
       .words = {"upstreams", "show", "openai"},
       .prepare = answers_upstream},
      {.name = "upstreams_add",
       .words = {"upstreams", "add", "openai", "--preset", "openai", "--key-env", "OPENAI_API_KEY"},
       .prepare = answers_upstream,
       .readers = Scene::Readers::action},
      {.name = "upstreams_edit",
       .words = {"upstreams", "edit", "openai", "--priority", "10"},
       .prepare = answers_upstream,
       .readers = Scene::Readers::action},
      {.name = "upstreams_remove",
       .words = {"upstreams", "remove", "openai"},
       .prepare = answers_upstream,
       .readers = Scene::Readers::action},
      {.name = "upstreams_test",
       .words = {"upstreams", "test", "openai"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "POST /v1/upstreams/openai/test",
                 R"({"steps":[{"name":"models","result":"ok","detail":"40 listed","hint":null,)"
                 R"("ms":120,"first_byte_ms":null},{"name":"chat","result":"failed",)"
                 R"("detail":"the secret was refused","hint":"give it another: nufi upstreams )"
                 R"(edit openai --key-stdin","ms":80},{"name":"stream","result":"skipped",)"
                 R"("detail":"the chat failed","ms":0}]})");
           },
       .colour = true},
      {.name = "upstreams_discover",
       .words = {"upstreams", "discover"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "GET /v1/upstreams/discover",
                 R"({"data":[{"preset":"ollama","url":"http://127.0.0.1:11434/v1","models":)"
                 R"(["llama3.2:3b","qwen3:8b","nomic-embed-text:latest"],"needs_key":false,)"
                 R"("upstream":"ollama","added":false},{"preset":"vllm",)"
                 R"("url":"http://127.0.0.1:8000/v1","models":[],"needs_key":true,)"
                 R"("upstream":null,"added":false}],"next":null})");
           }},
      {.name = "models",
       .words = {"models"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "GET /v1/models",
                 list_json({R"({"name":"gpt-4o","upstreams":["openai","second"],"price":)" +
                                std::string(kPrice) + "}",
                            R"({"name":"meta-llama/Meta-Llama-3.1-405B-Instruct-Turbo",)"
                            R"("upstreams":["a-provider-with-a-long-name"],"price":)" +
                                std::string(kTiny) + "}",
                            R"({"name":"secret-model","upstreams":["openai"],"price":null})"}));
             console.answers(
                 "GET /v1/upstreams",
                 list_json({upstream_json(), upstream_json(R"({"name":"mine","models":[]})")}));
           }},
      {.name = "prices_list",
       .words = {"prices", "list"},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/prices", list_json({kPrice, kTiny, kFree, kPainter}));
           }},
      {.name = "prices_list_none",
       .words = {"prices", "list", "gtp"},
       .prepare =
           [](Console& console) { console.answers("GET /v1/prices?model=gtp", list_json({})); }},
      {.name = "prices_set",
       .words = {"prices", "set", "my-model", "--input", "2", "--output", "1"},
       .prepare =
           [](Console& console) {
             console.answers("PUT /v1/prices",
                             R"({"model":"my-model","warnings":["output is cheaper than input"]})");
           },
       .readers = Scene::Readers::action},
      {.name = "prices_unset",
       .words = {"prices", "unset", "my-model"},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/prices?model=my-model",
                             list_json({R"({"id":"set/my-model","model":"my-model","own":true})"}));
             console.answers("DELETE /v1/prices?model=my-model", "{}");
             console.input = "y\n";
           },
       .readers = Scene::Readers::action},
      {.name = "prices_import",
       .words = {"prices", "import", "-", "--dry-run"},
       .prepare =
           [](Console& console) {
             console.answers("POST /v1/prices/import?dry_run=true", kImport);
             console.input = "{}";
           }},
      {.name = "reprice",
       .words = {"reprice", "--since", "2026-08-01", "--dry-run"},
       .prepare =
           [](Console& console) { console.answers("POST /v1/ledger/reprice", repriced(false)); }},
      {.name = "reprice_applied",
       .words = {"reprice", "--since", "2026-08-01", "--yes"},
       .prepare =
           [](Console& console) {
             console.answers("POST /v1/ledger/reprice", repriced(false));
             console.answers("POST /v1/ledger/reprice", repriced(true));
           },
       .readers = Scene::Readers::action},
  };
}

}  // namespace nufi::test
