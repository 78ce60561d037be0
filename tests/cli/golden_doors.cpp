// tokens and console.
#include "tests/cli/golden.hpp"

namespace nufi::test {

namespace {

constexpr const char* kToken =
    R"({"id":"tok_1","name":"grafana","masked":"at-nufi-…d7c","status":"active","account":"ana",)"
    R"("created_at":"2026-08-01T12:00:00Z","last_used_at":"2026-08-15T11:00:00Z",)"
    R"("expires_at":"2026-11-13T12:00:00Z","revoked_at":null})";
constexpr const char* kLongToken =
    R"({"id":"tok_2","name":"backup-of-the-ledger-every-night","masked":"at-nufi-…x0Y",)"
    R"("status":"revoked","account":"maximilian.von-und-zu","created_at":"2025-08-01T12:00:00Z",)"
    R"("last_used_at":null,"expires_at":null,"revoked_at":"2026-08-15T11:59:30Z"})";
constexpr const char* kNewToken =
    R"({"id":"tok_1","name":"grafana","masked":"at-nufi-…d7c","status":"active","account":"ana",)"
    R"("created_at":"2026-08-15T12:00:00Z","last_used_at":null,"expires_at":null,)"
    R"("revoked_at":null,"token":"at-nufi-0123456789abcdefghijABCDEFGHIJ0123456789abcdefghi"})";

}  // namespace

std::vector<Scene> doors_scenes() {
  return {
      {.name = "tokens_list",
       .words = {"tokens", "list"},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/tokens", list_json({kToken, kLongToken}));
           }},
      {.name = "tokens_list_none",
       .words = {"tokens", "list"},
       .prepare = [](Console& console) { console.answers("GET /v1/tokens", list_json({})); }},
      {.name = "tokens_create",
       .words = {"tokens", "create", "grafana"},
       .prepare = [](Console& console) { console.answers("POST /v1/tokens", kNewToken, 201); },
       .readers = Scene::Readers::action},
      {.name = "tokens_revoke",
       .words = {"tokens", "revoke", "grafana"},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/tokens", list_json({kToken}));
             console.answers("GET /v1/tokens/grafana", kToken);
             console.answers("DELETE /v1/tokens/grafana", kToken);
             console.input = "y\n";
           },
       .readers = Scene::Readers::action},
  };
}

}  // namespace nufi::test
