#include "tests/cli/console.hpp"

#include <doctest/doctest.h>

using nufi::test::Console;
using nufi::test::Run;
using nufi::test::status_json;

namespace {

void check_usage_error(const std::vector<std::string>& arguments,
                       const std::string& error,
                       const std::string& hint) {
  Console console;
  const Run run = console.run(arguments);
  CHECK(run.code == 2);
  CHECK(run.out.empty());
  CHECK(run.err == "error: " + error + "\nhint: " + hint + "\n");
  CHECK(console.asked.empty());
}

}  // namespace

TEST_CASE("nufi: unknown words get did you mean") {
  check_usage_error({"key"}, "unknown command 'key'", "did you mean nufi keys?");
  check_usage_error({"keys", "lst"}, "unknown command 'lst'", "did you mean nufi keys list?");
  check_usage_error({"keys", "list", "--jsn"}, "unknown option '--jsn'", "did you mean --json?");
  check_usage_error({"up", "--listen", "127.0.0.1:1"},
                    "unknown option '--listen'",
                    "flags of nufid stand after --: nufi up -- --listen");
  check_usage_error({"usage", "--by", "modle"},
                    "--by must be model, key, project, group, upstream or day",
                    "did you mean model?");
  check_usage_error({"xyzzy"},
                    "unknown command 'xyzzy'",
                    "one of: up, down, restart, run, status, doctor, keys, check, usage, requests, "
                    "traces, upstreams, models, prices, profile, accounts, projects, groups, "
                    "config, reprice, ledger, backup, tokens, console, audit, completion, help");
  check_usage_error({"hlep"}, "unknown command 'hlep'", "did you mean nufi help?");
  check_usage_error(
      {"keys", "remove"}, "unknown command 'remove'", "did you mean nufi keys delete?");
  check_usage_error(
      {"upstreams", "delete"}, "unknown command 'delete'", "did you mean nufi upstreams remove?");
}

TEST_CASE("nufi: what is missing or too much is said, with where to look") {
  check_usage_error({"keys"},
                    "nufi keys needs a verb",
                    "one of: create, list, show, edit, disable, enable, rotate, revoke, archive, "
                    "unarchive, delete");
  check_usage_error(
      {"keys", "create"}, "a key needs a name", "for example: nufi keys create laptop");
  check_usage_error(
      {"keys", "create", "a", "--name", "b"}, "--name goes without NAME", "leave one of them out");
  check_usage_error({"keys", "show"}, "KEY is required", "see: nufi keys show --help");
  check_usage_error({"keys", "show", "a", "b"},
                    "more words than nufi keys show takes",
                    "see: nufi keys show --help");
  check_usage_error(
      {"keys", "edit", "laptop"}, "nothing to change", "say what: nufi keys edit --help");
}

TEST_CASE("nufi: a secret in the wrong place is refused and not repeated") {
  Console console;
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {"upstreams", "add", "x", "--url", "http://h", "--key", "sk-secret"},
           {"upstreams", "add", "x", "--url", "http://h", "--key=sk-secret"},
           {"upstreams", "add", "x", "sk-secret"}}) {
    const Run run = console.run(arguments);
    CHECK(run.code == 2);
    CHECK((run.out + run.err).find("sk-secret") == std::string::npos);
  }
  CHECK(console.asked.empty());
}

TEST_CASE("nufi: exit codes say what kind of trouble it was") {
  Console console;
  const auto code_for = [](const char* errc, int status) {
    Console fresh;
    fresh.answers("GET /v1/inference/keys/k",
                  std::string(R"({"error":{"message":"m","hint":"h","code":")") + errc + R"("}})",
                  status);
    const Run run = fresh.run({"keys", "show", "k"});
    CHECK(run.out.empty());
    CHECK(run.err == "error: m\nhint: h\n");
    return run.code;
  };
  CHECK(code_for("conflict", 409) == 1);
  CHECK(code_for("invalid", 400) == 2);
  CHECK(code_for("not_found", 404) == 3);
  CHECK(code_for("ambiguous", 409) == 3);
  CHECK(code_for("not_permitted", 403) == 4);
  CHECK(code_for("limit_reached", 429) == 6);
  console.is_down = true;
  const Run down = console.run({"keys", "list"});
  CHECK(down.code == 5);
  CHECK(down.err ==
        "error: nufid is not running (socket /run/test.sock)\nhint: start it with: nufi up\n");
}

TEST_CASE("nufi: an error names the option that was typed, not the field of the API") {
  const auto error_of = [](const std::string& message) {
    Console console;
    console.answers("GET /v1/inference/keys/k",
                    R"({"error":{"message":")" + message + R"(","code":"invalid"}})",
                    400);
    return console.run({"keys", "show", "k"}).err;
  };
  CHECK(error_of("allowed_ips must hold addresses") == "error: --ip must hold addresses\n");
  CHECK(error_of("expires_at must be in the future") == "error: --expires must be in the future\n");
  CHECK(error_of("token_limit_period must be day") == "error: --token-limit-period must be day\n");
  CHECK(error_of("keep_days must be a number") == "error: keep_days must be a number\n");
  CHECK(error_of("the key of expires_at") == "error: the key of expires_at\n");
}

TEST_CASE("nufi: version and help go to stdout and end well") {
  Console console;
  CHECK(console.run({"--version"}).out == "nufi " NUFI_VERSION "\n");
  for (const auto& arguments : std::vector<std::vector<std::string>>{{"--help"},
                                                                     {"keys", "--help"},
                                                                     {"keys", "create", "--help"},
                                                                     {"upstreams", "add", "-h"}}) {
    const Run run = console.run(arguments);
    CHECK(run.code == 0);
    CHECK(run.err.empty());
    CHECK(run.out.find("Usage: nufi") != std::string::npos);
  }
}
