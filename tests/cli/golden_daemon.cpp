// status, and nufi alone.
#include "tests/cli/golden.hpp"

namespace nufi::test {

std::vector<Scene> daemon_scenes() {
  return {
      {.name = "status",
       .words = {"status"},
       .prepare = [](Console& console) { console.answers("GET /v1/status", status_json()); },
       .colour = true},
      {.name = "status_trouble",
       .words = {"status"},
       .prepare =
           [](Console& console) {
             console.answers(
                 "GET /v1/status",
                 status_json(R"({"version":"0.0.9","ledger_writable":false,)"
                             R"("ledger_problem":"no space left on device","upstreams":[)" +
                             upstream_json(R"({"health":"failing: the secret was refused"})") +
                             "]}"));
           },
       .colour = true},
      {.name = "status_down",
       .words = {"status"},
       .prepare = [](Console& console) { console.is_down = true; },
       .readers = Scene::Readers::action},
      {.name = "nufi",
       .words = {},
       .prepare =
           [](Console& console) {
             console.answers("GET /v1/status", status_json());
             console.answers("GET /v1/profile", profile_json());
             console.answers("GET /v1/inference/keys", list_json({key_json()}));
             console.answers("GET /v1/requests?last=1", list_json({request_json()}));
           },
       .readers = Scene::Readers::text},
  };
}

}  // namespace nufi::test
