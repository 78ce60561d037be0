#include "cli/process.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace nufi::cli;

namespace {

constexpr std::chrono::seconds kDeadline{20};
const std::string kShell = "/bin/sh";

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), {});
}

}  // namespace

TEST_CASE("process: a program gets its input, and its exit code comes back") {
  CHECK(run_with_input({kShell, "-c", "read line; test \"$line\" = hello"}, "hello\n") == 0);
  CHECK(run_with_input({kShell, "-c", "exit 3"}, "") == 3);
  CHECK(run_with_input({"/nonexistent/program"}, "") == 127);
}

TEST_CASE("process: a program is found in the first folder that has it") {
  CHECK(find_program("sh", {"/nonexistent", "/bin"}) == "/bin/sh");
  CHECK(find_program("nufi-is-not-there", {"/bin"}).empty());
}

TEST_CASE("process: a detached program writes its log and is told apart from a running one") {
  char directory[] = "/tmp/nufi-test-XXXXXX";
  REQUIRE(::mkdtemp(directory) != nullptr);
  const std::string log = std::string(directory) + "/state/nufi/nufid.log";

  Detached child({kShell, "-c", "echo out; echo err >&2; exit 7"}, log);

  CHECK(child.wait(kDeadline) == 7);
  CHECK(text_of(log) == "out\nerr\n");
  using std::filesystem::perms;
  CHECK((std::filesystem::status(log).permissions() & (perms::group_all | perms::others_all)) ==
        perms::none);
  std::filesystem::remove_all(directory);
}

TEST_CASE("process: what a program prints comes back with its exit code") {
  const Output output = output_of({kShell, "-c", "echo one; echo two >&2; cat; exit 7"});
  CHECK(output.exit_code == 7);
  CHECK(output.text == "one\ntwo\n");
  CHECK(output_of({"/no/such/program"}).exit_code == 127);
}

TEST_CASE("process: how a running program was started is known") {
  char directory[] = "/tmp/nufi-test-XXXXXX";
  REQUIRE(::mkdtemp(directory) != nullptr);
  const std::string script = "while test -d " + std::string(directory) + "; do sleep 0.05; done";
  const std::vector<std::string> words{kShell, "-c", script, "--demo", "", "two words"};
  Detached child(words, std::string(directory) + "/log");

  // Until it has become the program it is still a copy of this one.
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (command_of(child.pid()) != words && std::chrono::steady_clock::now() < deadline) {
    CHECK_FALSE(child.wait(std::chrono::milliseconds(1)).has_value());
  }
  CHECK(command_of(child.pid()) == words);
  CHECK(command_of(-1).empty());
  std::filesystem::remove_all(directory);
  CHECK(child.wait(kDeadline) == 0);
}

TEST_CASE("process: a pipe without a reader is told from one with a reader") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  CHECK_FALSE(reader_has_left(ends[1]));
  ::close(ends[0]);
  CHECK(reader_has_left(ends[1]));
  ::close(ends[1]);
}

TEST_CASE("process: waiting for one that goes on ends in time") {
  char directory[] = "/tmp/nufi-test-XXXXXX";
  REQUIRE(::mkdtemp(directory) != nullptr);
  // It ends by itself when its folder is gone: the test leaves nothing behind.
  const std::string script = "while test -d " + std::string(directory) + "; do sleep 0.05; done";
  Detached child({kShell, "-c", script}, std::string(directory) + "/log");

  CHECK_FALSE(child.wait(std::chrono::milliseconds(10)).has_value());
  CHECK_FALSE(Watched(child.pid()).wait(std::chrono::milliseconds(10)));

  std::filesystem::remove_all(directory);
  CHECK(child.wait(kDeadline) == 0);
  CHECK(Watched(-1).wait(std::chrono::milliseconds(0)));
}
