// tokens and console.
#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nufi::test::Console;
using nufi::test::list_json;
using nufi::test::Run;

namespace {

constexpr const char* kToken =
    R"({"id":"tok_1","name":"grafana","masked":"at-nufi-…d7c","status":"active","account":"ana",)"
    R"("created_at":"2026-08-01T12:00:00Z","last_used_at":"2026-08-15T11:00:00Z",)"
    R"("expires_at":"2026-11-13T12:00:00Z","revoked_at":null})";
constexpr const char* kNewToken =
    R"({"id":"tok_1","name":"grafana","masked":"at-nufi-…d7c","status":"active","account":"ana",)"
    R"("created_at":"2026-08-15T12:00:00Z","last_used_at":null,"expires_at":null,)"
    R"("revoked_at":null,"token":"at-nufi-secret"})";

}  // namespace

TEST_CASE("tokens list: a table, TSV, ids") {
  Console console;
  console.answers("GET /v1/tokens", list_json({kToken}));
  CHECK("\n" + console.on_terminal({"tokens", "list"}).out == R"(
TOKEN    STATUS  ACCOUNT  LAST USED  EXPIRES  CREATED  MASKED
grafana  active  ana      1h ago     in 3mo   14d ago  at-nufi-…d7c
)");
  console.is_terminal = false;
  CHECK(console.run({"tokens", "list"}).out ==
        "grafana\tactive\tana\t2026-08-15T11:00:00Z\t2026-11-13T12:00:00Z\t2026-08-01T12:00:00Z\t"
        "at-nufi-…d7c\ttok_1\n");
  CHECK(console.run({"tokens", "list", "-q"}).out == "tok_1\n");
}

TEST_CASE("tokens create: the token is printed once, alone when quiet") {
  Console console;
  console.answers("POST /v1/tokens", kNewToken);
  CHECK(console.run({"tokens", "create", "--name", "grafana", "-q"}).out == "at-nufi-secret\n");
  CHECK(console.asked.back() == R"(POST /v1/tokens {"name":"grafana","expires_at":null})");
  console.run({"tokens", "create", "grafana", "--expires", "30d"});
  CHECK(console.asked.back() ==
        R"(POST /v1/tokens {"name":"grafana","expires_at":"2026-09-14T12:00:00Z"})");
  const Run shown = console.on_terminal({"tokens", "create", "grafana"});
  CHECK(shown.out == "access token 'grafana' created\n\n  at-nufi-secret\n\n");
  CHECK(shown.err.find("store it now") != std::string::npos);
  CHECK(console.run({"tokens", "create"}).code == 2);
}

TEST_CASE("tokens revoke: asks, or is told") {
  Console console;
  console.answers("GET /v1/tokens/grafana", kToken);
  console.answers("DELETE /v1/tokens/grafana", kToken);
  CHECK(console.run({"tokens", "revoke", "grafana"}).code == 2);
  CHECK(console.asked == std::vector<std::string>{"GET /v1/tokens/grafana"});
  const Run run = console.run({"tokens", "revoke", "grafana", "--yes"});
  CHECK(run.code == 0);
  CHECK(run.err == "access token 'grafana' is revoked\n");
}

TEST_CASE("console: without a screen the link is printed") {
  Console console;
  console.answers("POST /v1/console/links",
                  R"({"url":"http://127.0.0.1:6835/#code=c","expires_at":"2026-08-15T12:01:00Z"})");
  CHECK(console.run({"console"}).out == "http://127.0.0.1:6835/#code=c\n");
  CHECK(console.on_terminal({"console", "--print"}).err == "good once, for a minute\n");
  CHECK(console.run({"console", "--json"}).out.find("expires_at") != std::string::npos);
}
