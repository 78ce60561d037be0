#include "lib/service/run_command.hpp"

#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using service::run_command;
using test::failure_of;

namespace {

const std::map<std::string, std::string> kEnvironment = {{"PATH", "/bin:/usr/bin"},
                                                         {"NAME", "x y"}};

}  // namespace

TEST_CASE("run_command: gives stdout and only the environment it was given") {
  CHECK(run_command("printf %s \"$NAME\"", kEnvironment, std::chrono::seconds(10)) == "x y");
  CHECK(run_command("echo \"[$HOME]\"", kEnvironment, std::chrono::seconds(10)) == "[]\n");
}

TEST_CASE("run_command: a command that does not end is killed, with its children") {
  CHECK(failure_of([] {
          run_command("sleep 60 & sleep 60", kEnvironment, std::chrono::milliseconds(100));
        }) == "unavailable: the command took too long");
  CHECK(failure_of([] {
          run_command("exec >&-; sleep 60", kEnvironment, std::chrono::milliseconds(100));
        }) == "unavailable: the command took too long");
}

TEST_CASE("run_command: endless output and failures are refused") {
  CHECK(failure_of([] { run_command("yes", kEnvironment, std::chrono::seconds(10)); }) ==
        "unavailable: the command writes more than a secret");
  CHECK(failure_of([] { run_command("kill -9 $$", kEnvironment, std::chrono::seconds(10)); }) ==
        "unavailable: the command was killed");
  CHECK(failure_of([] {
          run_command("nonexistent-cmd", kEnvironment, std::chrono::seconds(10));
        }) == "unavailable: the command ended with exit code 127");
}
