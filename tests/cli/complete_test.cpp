#include "tests/cli/console.hpp"

#include <doctest/doctest.h>

using nufi::test::Console;
using nufi::test::key_json;
using nufi::test::list_json;

namespace {

std::string offered(Console& console, std::vector<std::string> words) {
  words.insert(words.begin(), {"__complete", "--"});
  const auto run = console.run(words);
  CHECK(run.code == 0);
  CHECK(run.err.empty());
  return run.out;
}

}  // namespace

TEST_CASE("complete: verbs of a noun, with what they do") {
  Console console;
  const std::string out = offered(console, {"ledger", ""});
  CHECK(out.starts_with("words\t\nverify\t"));
  CHECK(console.asked.empty());
}

TEST_CASE("complete: options are offered once, and not beside those they exclude") {
  Console console;
  CHECK(offered(console, {"keys", "list", "--"}).find("--archived\t") != std::string::npos);
  CHECK(offered(console, {"keys", "list", "--archived", "--"}).find("--archived") ==
        std::string::npos);
  CHECK(offered(console, {"keys", "create", "--model", "a", "--"}).find("--model\t") !=
        std::string::npos);
  CHECK(offered(console, {"upstreams", "add", "x", "--no-key", "--"}).find("--key-env") ==
        std::string::npos);
}

TEST_CASE("complete: the words that an option takes") {
  Console console;
  CHECK(offered(console, {"usage", "--by", ""}) ==
        "words\t\nmodel\t\nkey\t\nproject\t\ngroup\t\nupstream\t\nday\t\n");
  CHECK(offered(console, {"keys", "create", "--enforce=s"}) ==
        "words\t--enforce=\nstrict\t\nsoft\t\n");
}

TEST_CASE("complete: files, variables and other programs are the shell's to know") {
  Console console;
  CHECK(offered(console, {"backup", ""}) == "files\t\n");
  CHECK(offered(console, {"prices", "import", "x"}) == "files\t\n");
  CHECK(offered(console, {"upstreams", "add", "x", "--key-env="}) == "variables\t--key-env=\n");
  CHECK(offered(console, {"run", "--budget", "1", "--", "ls", ""}) == "command\t4\n");
  CHECK(offered(console, {"run", "ls"}) == "command\t1\n");
}

TEST_CASE("complete: keys are those that the command can do something with") {
  Console console;
  console.answers("GET /v1/inference/keys",
                  list_json({key_json(R"({"name":"a","status":"active"})"),
                             key_json(R"({"name":"b c","status":"disabled"})"),
                             key_json(R"({"name":"d","status":"revoked"})")}));
  const auto names = [&console](const std::string& verb) {
    std::string list;
    const std::string out = offered(console, {"keys", verb, ""});
    for (const std::string& line : nufi::split(out.substr(out.find('\n') + 1), '\n')) {
      if (!line.empty()) list += (list.empty() ? "" : ",") + line.substr(0, line.find('\t'));
    }
    return list;
  };
  CHECK(names("show") == "a,b c,d");
  CHECK(names("enable") == "b c");
  CHECK(names("disable") == "a");
  CHECK(names("revoke") == "a,b c");
  CHECK(names("archive") == "d");
}

TEST_CASE("complete: the opposite of an option is not described as the option is") {
  Console console;
  const std::string out = offered(console, {"keys", "create", "--"});
  CHECK(out.find("\n--trace\tkeep prompts and answers of its calls\n") != std::string::npos);
  CHECK(out.find("\n--no-trace\tthe opposite of --trace\n") != std::string::npos);
  const std::string free = offered(console, {"upstreams", "edit", "x", "--"});
  CHECK(free.find("\n--no-free\tthe opposite of --free\n") != std::string::npos);
  // This one is no opposite.
  CHECK(free.find("\n--no-key\tit needs no secret\n") != std::string::npos);
}

TEST_CASE("complete: the words of a setting are those that nufid tells") {
  Console console;
  console.answers(
      "GET /v1/settings",
      list_json({R"({"name":"trace","value":"errors","default":"off","description":"d",)"
                 R"("words":["off","on","errors"]})",
                 R"({"name":"timezone","value":null,"default":"UTC","description":"d",)"
                 R"("words":null})"}));
  CHECK(offered(console, {"config", "set", "trace", ""}) ==
        "words\t\noff\tthe default\non\t\nerrors\tas it is\n");
  CHECK(offered(console, {"config", "set", "-q", "timezone", ""}) == "words\t\n");
  CHECK(offered(console, {"config", "set", "nothing", ""}) == "words\t\n");
  CHECK(offered(console, {"config", "get", ""}) == "words\t\ntrace\td\ntimezone\td\n");
}

TEST_CASE("complete: traces that there are, and tokens that live") {
  Console console;
  console.answers("GET /v1/traces?last=50",
                  list_json({R"({"id":"req_1","time":"2026-08-15T11:57:00Z","account":"ana",)"
                             R"("key":"key_1","key_name":"laptop","endpoint":"chat/completions",)"
                             R"("model":"gpt-4o","upstream":"openai","status":"ok",)"
                             R"("http_status":200,"cost_usd":0,"total_ms":1})"}));
  const auto token = [](const std::string& name, const std::string& status) {
    return R"({"id":"tok_)" + name + R"(","name":")" + name + R"(","masked":"m","status":")" +
           status + R"(","account":"ana","created_at":"2026-08-01T10:00:00Z"})";
  };
  console.answers(
      "GET /v1/tokens",
      list_json({token("ci", "active"), token("old", "expired"), token("gone", "revoked")}));
  const std::string trace = "words\t\nreq_1\tlaptop, gpt-4o\n";
  CHECK(offered(console, {"traces", "show", ""}) == trace);
  CHECK(offered(console, {"traces", "delete", ""}) == trace);
  CHECK(offered(console, {"tokens", "revoke", ""}) ==
        "words\t\nci\tactive, of ana\nold\texpired, of ana\n");
}

TEST_CASE("complete: names that would be an option stand behind -- or in a value") {
  Console console;
  console.answers("GET /v1/inference/keys",
                  list_json({key_json(R"({"name":"-dash"})"), key_json(R"({"name":"a"})")}));
  const auto names = [&console](std::vector<std::string> words) {
    const std::string out = offered(console, std::move(words));
    return (out.find("\n-dash\t") != std::string::npos ? "-dash " : "") +
           std::string(out.find("\na\t") != std::string::npos ? "a" : "");
  };
  CHECK(names({"keys", "show", ""}) == "a");
  CHECK(names({"keys", "show", "--", ""}) == "-dash a");
  CHECK(names({"usage", "--key", ""}) == "-dash a");
  CHECK(names({"usage", "--key="}) == "-dash a");
}

TEST_CASE("complete: nothing is offered that moves a cursor or breaks a line") {
  Console console;
  console.answers("GET /v1/models",
                  list_json({R"({"name":"a\nb","upstreams":["m"]})",
                             R"({"name":"c\u001b[2Jd","upstreams":["m"]})",
                             R"({"name":"e\tf","upstreams":["m"]})",
                             R"({"name":"good","upstreams":["m\tn"]})"}));
  CHECK(offered(console, {"check", "--model", ""}) == "words\t\ngood\tm?n\n");
}

TEST_CASE("complete: without a daemon there are no names, and no message") {
  Console console;
  console.is_down = true;
  CHECK(offered(console, {"keys", "show", ""}) == "words\t\n");
  CHECK(offered(console, {"nothing", "like", "it", ""}) == "words\t\n");
}
