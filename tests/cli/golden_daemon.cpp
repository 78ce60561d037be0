// status, doctor, and nufi alone.
#include "cli/doctor_stopped.hpp"
#include "cli/show_doctor.hpp"
#include "tests/cli/golden.hpp"

namespace nufi::test {

namespace {

using domain::HealthCheck;

std::vector<HealthCheck> well_checks() {
  return {domain::healthy("daemon.running", "pid 42, started 2h ago"),
          domain::healthy("daemon.version", "0.1.0"),
          domain::healthy("storage.database", "whole, schema 11"),
          domain::skipped("upstreams.openai", "it was not asked")};
}

std::vector<HealthCheck> ill_checks() {
  auto checks = well_checks();
  checks.push_back(domain::fault("daemon.socket",
                                 "others may use /home/ana/.local/state/nufi/nufid.sock (0666)",
                                 "chmod 600 /home/ana/.local/state/nufi/nufid.sock"));
  checks.push_back(domain::warning("machine.time_zone",
                                   "budgets count days of UTC, and yours are of Europe/Berlin",
                                   "nufi config set timezone Europe/Berlin"));
  checks.push_back(domain::fault("upstreams.local",
                                 "connection refused (http://127.0.0.1:11434/v1)",
                                 "is it running? look at it with: nufi upstreams test local"));
  checks.push_back(domain::warning(
      "environment.OPENAI_API_KEY",
      "OPENAI_API_KEY holds a provider's secret: programs that find it call past nufid",
      "unset OPENAI_API_KEY"));
  return checks;
}

/// Of a nufid that could not start, as its database is damaged.
std::vector<HealthCheck> stopped_checks() {
  const Timestamp now(std::chrono::hours(1000));
  const cli::LastRun last = {
      .words = {.lines = {},
                .message = "the database is damaged: file is not a database",
                .hint = "stop nufid and put a backup in place: nufid --restore FILE (it keeps "
                        "/home/ana/.local/share/nufi/nufi.db)"},
      .time = now - std::chrono::minutes(5),
      .log = "/home/ana/.local/state/nufi/nufid.log"};
  std::vector<HealthCheck> checks = {
      cli::judge_stopped("nufid is not running (socket /run/user/1000/nufi/nufid.sock)",
                         "start it with: nufi up",
                         last,
                         now)};
  for (HealthCheck& check : cli::not_looked_at()) checks.push_back(std::move(check));
  return checks;
}

}  // namespace

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
      {.name = "doctor",
       .words = {"doctor"},
       .colour = true,
       .act = [](cli::Context& context) { cli::show_doctor(context, ill_checks()); }},
      {.name = "doctor_well",
       .words = {"doctor"},
       .act = [](cli::Context& context) { cli::show_doctor(context, well_checks()); }},
      {.name = "doctor_stopped",
       .words = {"doctor"},
       .act = [](cli::Context& context) { cli::show_doctor(context, stopped_checks()); }},
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
