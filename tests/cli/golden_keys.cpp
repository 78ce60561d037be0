// keys and check.
#include "tests/cli/golden.hpp"

namespace nufi::test {

namespace {

const std::string kKeys = "GET /v1/inference/keys";

/// Short and long, cheap and dear, with and without limits, of every state.
std::string many_keys() {
  return list_json({
      key_json(),
      key_json(R"({"id":"key_2","name":"nightly-batch-of-the-search-index","status":"disabled",)"
               R"("masked":"sk-nufi-…q0Z","budget_usd":1234.56789,"spent_usd":0.000004,)"
               R"("remaining_usd":1234.567886,"created_at":"2026-03-01T10:00:00Z"})"),
      key_json(
          R"({"id":"key_3","name":"家計簿の分析","status":"exhausted","masked":"sk-nufi-…7aB",)"
          R"("budget_usd":5,"budget_period":"total","spent_usd":5,"remaining_usd":0,)"
          R"("expires_at":"2026-09-14T12:00:00Z"})"),
      key_json(R"({"id":"key_4","name":"ci","masked":"sk-nufi-…Xy9","budget_usd":null,)"
               R"("spent_usd":98765.4321,"remaining_usd":null,"last_used_at":null,)"
               R"("token_limit":1000000,"token_limit_period":"day","tokens_used":999999,)"
               R"("tokens_remaining":1,"rpm":60,"project":"search"})"),
      key_json(R"({"id":"key_5","name":"old","status":"revoked","masked":"sk-nufi-…000",)"
               R"("budget_usd":0.5,"budget_period":"day","spent_usd":0,"remaining_usd":0.5,)"
               R"("revoked_at":"2026-08-10T10:00:00Z","last_used_at":"2025-08-10T10:00:00Z"})"),
  });
}

void answers_key(Console& console) {
  console.answers(
      "GET /v1/inference/keys/laptop",
      key_json(R"({"allowed_models":["gpt-4o*","claude-sonnet-*","a/very/long/name/of/a/model-*"],)"
               R"("allowed_ips":["10.0.0.0/8","fd00::/8"],"rpm":60,"tpm":100000,)"
               R"("max_parallel":4,"token_limit":50000,"token_limit_period":"day",)"
               R"("tokens_used":1234,"tokens_remaining":48766,"held_usd":0.5,)"
               R"("expires_at":"2026-09-14T12:00:00Z","last_used_at":"2026-08-15T11:57:00Z"})"));
}

/// An action on the key 'laptop' that a POST does.
Scene action(const std::string& verb, const std::string& fields) {
  return {.name = "keys_" + verb,
          .words = {"keys", verb, "laptop"},
          .prepare =
              [verb, fields](Console& console) {
                console.answers("GET /v1/status", status_json());
                console.answers("GET /v1/inference/keys/laptop", key_json());
                console.answers("POST /v1/inference/keys/laptop/" + verb, key_json(fields));
                console.answers("DELETE /v1/inference/keys/laptop", key_json(fields));
                console.answers("DELETE /v1/inference/keys/laptop?purge=true", key_json(fields));
                console.input = "y\n";
              },
          .readers = Scene::Readers::action};
}

constexpr const char* kNew =
    R"({"key":"sk-nufi-0123456789abcdefghijABCDEFGHIJ0123456789abcdefghi"})";

}  // namespace

std::vector<Scene> keys_scenes() {
  return {
      {.name = "keys_list",
       .words = {"keys", "list"},
       .prepare = [](Console& console) { console.answers(kKeys, many_keys()); },
       .colour = true},
      {.name = "keys_list_none",
       .words = {"keys", "list"},
       .prepare = [](Console& console) { console.answers(kKeys, list_json({})); }},
      {.name = "keys_show", .words = {"keys", "show", "laptop"}, .prepare = answers_key},
      {.name = "keys_show_missing",
       .words = {"keys", "show", "lapto"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "GET /v1/inference/keys/lapto",
                 R"({"error":{"message":"no key is called 'lapto'","hint":"see them: nufi keys list",)"
                 R"("code":"not_found"}})",
                 404);
           },
       .readers = Scene::Readers::text},
      {.name = "keys_create",
       .words = {"keys", "create", "--name", "laptop", "--budget", "5"},
       .prepare =
           [](Console& console) {
             console.answers("POST /v1/projects/default/inference/keys", key_json(kNew), 201);
             console.answers("GET /v1/status", status_json());
           },
       .readers = Scene::Readers::action},
      {.name = "keys_create_env",
       .words = {"keys", "create", "--name", "laptop", "--env"},
       .prepare =
           [](Console& console) {
             console.answers("POST /v1/projects/default/inference/keys", key_json(kNew), 201);
             console.answers("GET /v1/status", status_json());
           },
       .readers = Scene::Readers::text},
      {.name = "keys_edit",
       .words = {"keys", "edit", "laptop", "--budget", "10"},
       .prepare =
           [](Console& console) {
             console.answers("PATCH /v1/inference/keys/laptop",
                             key_json(R"({"budget_usd":10,"remaining_usd":8.75})"));
           },
       .readers = Scene::Readers::action},
      action("disable", R"({"status":"disabled"})"),
      action("enable", "{}"),
      action("rotate", kNew),
      action("revoke", R"({"status":"revoked","revoked_at":"2026-08-15T12:00:00Z"})"),
      action("archive", R"({"status":"revoked","archived":true})"),
      action("unarchive", R"({"status":"revoked"})"),
      action("delete", R"({"status":"revoked"})"),
      {.name = "check_allowed",
       .words = {"check", "--key", "laptop", "--model", "gpt-4o", "--tokens", "1000"},
       .prepare =
           [](Console& console) {
             console.answers("POST /v1/inference/keys/laptop/check",
                             R"({"allowed":true,"reason":null,"limit":null,"message":null,)"
                             R"("ask_usd":0.0425,"ask_tokens":5096})");
           }},
      {.name = "check_refused",
       .words = {"check", "--key", "laptop", "--model", "gpt-4o"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "POST /v1/inference/keys/laptop/check",
                 R"({"allowed":false,"reason":"budget","limit":"key","message":"Budget reached: )"
                 R"(key 'laptop' has spent $5.00 of $5.00 this month; it resets at )"
                 R"(2026-09-01T00:00:00Z","limit_usd":5,"spent_usd":5,"held_usd":0,)"
                 R"("in_flight":0,"resets_at":"2026-09-01T00:00:00Z","ask_usd":0.01,)"
                 R"("ask_tokens":1100})");
           },
       .colour = true},
  };
}

}  // namespace nufi::test
