#include "tests/cli/console.hpp"

#include <doctest/doctest.h>

using nufi::test::Console;
using nufi::test::key_json;
using nufi::test::list_json;
using nufi::test::request_json;
using nufi::test::Run;
using nufi::test::status_json;
using nufi::test::upstream_json;

namespace {

constexpr const char* kKeys = "GET /v1/inference/keys";

Console house(const std::string& status, const std::string& key = "{}") {
  Console console;
  console.answers("GET /v1/status", status_json(status));
  console.answers(kKeys, list_json({key_json(key)}));
  console.answers("GET /v1/requests?last=1", list_json({}));
  return console;
}

std::string failing() {
  return R"({"upstreams":[)" + upstream_json(R"({"health":"failing: connection refused"})") + "]}";
}

}  // namespace

TEST_CASE("nufi: without a daemon the next step is to start it, and the exit code says so") {
  Console console;
  console.is_down = true;
  const Run run = console.run({});
  CHECK(run.code == 5);
  CHECK(run.out == "nufid is not running (socket /run/test.sock)\nnext: nufi up\n");
  CHECK(run.err.empty());
}

TEST_CASE("nufi: the next step of a new daemon is an upstream, then a key, then a call") {
  CHECK(house(R"({"upstreams":[],"live_keys":0})")
            .run({})
            .out.ends_with("next: nufi upstreams add openai --preset openai\n"));
  CHECK(house(R"({"live_keys":0})")
            .run({})
            .out.ends_with("next: nufi keys create --name laptop --budget 5\n"));
  const std::string unspent =
      R"({"spend":{"budget_usd":null,"budget_period":"month","spent_usd":0}})";
  CHECK(
      house(unspent, R"({"last_used_at":null,"spent_usd":0})")
          .run({})
          .out.ends_with("no call has been made yet\nnext: nufi run --budget 1 -- YOUR-PROGRAM\n"));
}

TEST_CASE("nufi: a call that cost nothing, of a key that is gone, was a call") {
  Console console;
  console.answers("GET /v1/status", status_json(R"({"spend":{"spent_usd":0}})"));
  console.answers(kKeys, list_json({key_json(R"({"last_used_at":null,"spent_usd":0})")}));
  console.answers("GET /v1/requests?last=1", list_json({request_json()}));
  CHECK(console.run({}).out.ends_with("\nnext: nufi usage\n"));
}

TEST_CASE("nufi: with keys in use it says how much is spent") {
  const Run run = house("{}").run({});
  CHECK(run.code == 0);
  CHECK(run.out ==
        "nufid 0.1.0 is running on http://127.0.0.1:6834/v1\n"
        "3 live keys, 1 upstream, $1.25 spent of $50.00/month\n"
        "next: nufi usage\n");
}

TEST_CASE("nufi: upstreams that fail come first") {
  const Run run = house(failing()).run({});
  CHECK(
      run.out.ends_with("upstream 'openai' is failing: connection refused\n"
                        "next: nufi upstreams test openai\n"));
  const std::string one_of_two =
      R"({"upstreams":[)" + upstream_json() + "," +
      upstream_json(R"({"name":"second","health":"failing: connection refused"})") + "]}";
  CHECK(house(one_of_two)
            .run({})
            .out.ends_with("upstream 'second' is failing: connection refused\n"
                           "next: nufi upstreams test second\n"));
}

TEST_CASE("nufi: a budget that is nearly used is said, the account's and the keys'") {
  CHECK(house(R"({"spend":{"budget_usd":50,"budget_period":"month","spent_usd":49}})")
            .run({})
            .out.ends_with("your account has $1.00 left of $50.00/month\n"
                           "next: nufi usage --by key\n"));
  CHECK(house("{}", R"({"spent_usd":4.5,"remaining_usd":0.5})")
            .run({})
            .out.ends_with("key 'laptop' has $0.50 left of $5.00/month\n"
                           "next: nufi keys show laptop\n"));
}
