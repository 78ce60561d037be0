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

TEST_CASE("complete: without a daemon there are no names, and no message") {
  Console console;
  console.is_down = true;
  CHECK(offered(console, {"keys", "show", ""}) == "words\t\n");
  CHECK(offered(console, {"nothing", "like", "it", ""}) == "words\t\n");
}
