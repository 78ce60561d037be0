#include "tests/cli/console.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using nlohmann::ordered_json;
using nufi::test::Console;
using nufi::test::Run;

namespace {

constexpr const char* kAsk = "POST /v1/inference/keys/laptop/check";
constexpr const char* kAllowed =
    R"({"allowed":true,"reason":null,"limit":null,"message":null,"ask_usd":0.01,"ask_tokens":1100})";
constexpr const char* kRefused =
    R"({"allowed":false,"reason":"budget","limit":"key","message":"Budget reached: key 'laptop' …",)"
    R"("limit_usd":5,"spent_usd":5,"held_usd":0,"in_flight":0,"resets_at":null,"ask_usd":0.01,)"
    R"("ask_tokens":1100})";

Run check(Console& console, std::vector<std::string> more) {
  more.insert(more.begin(), {"check", "--key", "laptop", "--model", "gpt-4o"});
  return console.is_terminal ? console.on_terminal(more, 120) : console.run(more);
}

}  // namespace

TEST_CASE("check: an allowed call is exit 0 and says what it would hold") {
  Console console;
  console.answers(kAsk, kAllowed);
  console.is_terminal = true;
  const Run run = check(console, {"--tokens", "100"});
  CHECK(run.code == 0);
  CHECK(run.out ==
        "allowed: key 'laptop' may call gpt-4o; the call would hold $0.01 and 1,100 tokens\n");
  CHECK(console.asked.back() == std::string(kAsk) + R"( {"model":"gpt-4o","tokens":100})");
}

TEST_CASE("check: a prompt that the model can't take is said, though no limit of ours says no") {
  Console console;
  std::string allowed = kAllowed;
  allowed.insert(allowed.size() - 1, R"(,"context_window":128000)");
  console.answers(kAsk, allowed);
  console.is_terminal = true;
  const Run run = check(console, {"--tokens", "200000"});
  CHECK(run.code == 0);
  CHECK(run.out.find("128,000 tokens that the model takes") != std::string::npos);
  CHECK(run.out.find("the prompt is longer than") != std::string::npos);
}

TEST_CASE("check: a refused call is exit 6 with the sentence of the refusal and its remedy") {
  Console console;
  console.answers(kAsk, kRefused);
  console.is_terminal = true;
  const Run run = check(console, {});
  CHECK(run.code == 6);
  CHECK(run.out.empty());
  CHECK(run.err ==
        "error: Budget reached: key 'laptop' …\n"
        "hint: to raise it: nufi keys edit laptop --budget USD\n");
  CHECK(check(console, {"--quiet"}).code == 6);
}

TEST_CASE("check: programs get the facts either way") {
  Console console;
  console.answers(kAsk, kRefused);
  const Run json = check(console, {"--json"});
  CHECK(json.code == 6);
  CHECK(json.err.empty());
  CHECK(ordered_json::parse(json.out)["limit"] == "key");
  const Run fields = check(console, {});
  CHECK(fields.code == 6);
  CHECK(fields.out.starts_with("allowed\tfalse\nreason\tbudget\nlimit\tkey\n"));
  CHECK(check(console, {"-q"}).out.empty());
}

TEST_CASE("check: key and model must be named, and tokens are a number") {
  Console console;
  CHECK(console.run({"check", "--key", "laptop"}).code == 2);
  CHECK(console.run({"check", "--model", "gpt-4o"}).code == 2);
  CHECK(check(console, {"--tokens", "many"}).code == 2);
  CHECK(console.asked.empty());
}
