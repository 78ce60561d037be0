#include "daemon/config_file.hpp"

#include "daemon/config.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using nufi::Error;
using nufi::daemon::line_of_option;
using nufi::daemon::parse_config;

namespace {

/// What nufid says to a config file of `text`, with the file's path left out; "" if it takes it.
std::string said_to(const std::string& text, std::vector<std::string> args = {}) {
  const nufi::test::TempDir directory;
  const std::string file = directory.write("nufid.toml", text).string();
  args.insert(args.end(), {"--config", file});
  try {
    parse_config(args, {{"HOME", "/home/ana"}}, 1);
    return "";
  } catch (const Error& error) {
    std::string message = error.what() + (" | " + error.hint());
    const auto at = message.find(file);
    return at == std::string::npos ? message : message.replace(at, file.size(), "FILE");
  }
}

}  // namespace

TEST_CASE("config file: the line that sets an option is found, past comments and blanks") {
  CHECK(line_of_option("# listen = 1\n\n  listen= \"x\"\n", "listen") == 3U);
  CHECK_FALSE(line_of_option("listen-to = 1\n", "listen"));
}

TEST_CASE("config file: a bad value is told with file and line") {
  CHECK(said_to("# ours\nlog-level = \"loud\"\n") ==
        "FILE line 2: log-level must be debug, info, warning or error, not 'loud' | ");
  CHECK(said_to("log-level = \"infos\"\n").ends_with("not 'infos' | did you mean 'info'?"));
  CHECK(said_to("demo = maybe\n")
            .starts_with("FILE line 1: demo must be true or false, not 'maybe'"));
  CHECK(
      said_to("max-connections = 0\n")
          .starts_with("FILE line 1: max-connections must be a number from 1 to 1000000, not '0'"));
  CHECK(said_to("allow-remote = [\"web\"]\n")
            .starts_with("FILE line 1: allow-remote must be inference or console, not 'web'"));
  CHECK(said_to("version = true\n")
            .starts_with("FILE line 1: version is for the command line alone"));
  CHECK(said_to("listen = \"nonsense\"\n") ==
        "FILE line 1: listen must be HOST:PORT, not 'nonsense' | for example 127.0.0.1:6834 or "
        "[::1]:0");
  CHECK(said_to("\nmax-body = \"12x\"\n").starts_with("FILE line 2: max-body must be a size"));
}

TEST_CASE("config file: an option that is none is told, with what may have been meant") {
  CHECK(said_to("listen = \"127.0.0.1:0\"\nlog-levle = \"info\"\n") ==
        "FILE line 2: there is no option 'log-levle' | did you mean 'log-level'?");
  CHECK(said_to("zzzzzzzzzz = 1\n") ==
        "FILE line 1: there is no option 'zzzzzzzzzz' | see them all with: nufid --help");
}

TEST_CASE("config file: a line that is no setting, and a section") {
  CHECK(said_to("\nlisten \"a\"\n") ==
        "FILE line 2: 'listen \"a\"' can't be understood | write it as: option = \"value\"");
  CHECK(said_to("[server]\nlisten = \"127.0.0.1:1\"\n") ==
        "FILE line 1: there are no sections, and [server] begins one | leave it out: every option "
        "stands by itself");
}

TEST_CASE("config file: what was typed is not blamed on it") {
  CHECK(said_to("log-level = \"info\"\n", {"--log-level", "loud"})
            .starts_with("--log-level must be"));
  CHECK(said_to("log-level = \"info\"\n", {"--listen=x"}).starts_with("--listen must be"));
  CHECK(said_to("log-level = \"info\"\n").empty());
}

TEST_CASE("config file: an option without a value is a mistake, not its default") {
  for (const char* line : {"data-dir =", "data-dir = ", "ca-file = \"\"", "listen =", "demo ="}) {
    CAPTURE(line);
    const std::string said = said_to(std::string("# ours\n") + line + "\n");
    CHECK(said.starts_with("FILE line 2: "));
  }
  CHECK(said_to("data-dir =\n") ==
        "FILE line 1: data-dir has no value | give it one, or leave the line out");
}
