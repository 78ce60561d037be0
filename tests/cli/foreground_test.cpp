#include "cli/foreground.hpp"

#include <doctest/doctest.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <unistd.h>

using namespace nufi::cli;
using std::chrono::milliseconds;

namespace {

Ending run_script(const std::string& script, const std::vector<std::string>& environment = {}) {
  Foreground foreground;
  return foreground.run({"/bin/sh", "-c", script}, environment, {});
}

}  // namespace

TEST_CASE("foreground: the program's exit code and signal come back as a shell has them") {
  CHECK(run_script("exit 0").code() == 0);
  CHECK(run_script("exit 3").code() == 3);
  const Ending killed = run_script("kill -TERM $$");
  CHECK(killed.signal == SIGTERM);
  CHECK(killed.code() == 128 + SIGTERM);
  CHECK_FALSE(killed.was_interrupted);
}

TEST_CASE("foreground: what can't be started is told from what can't be found") {
  Foreground foreground;
  const Ending missing = foreground.run({"nufi-no-such-program"}, {}, {});
  CHECK(missing.start_error == ENOENT);
  CHECK(missing.code() == 127);
  const Ending folder = foreground.run({"/tmp"}, {}, {});
  CHECK(folder.start_error == EACCES);
  CHECK(folder.code() == 126);
}

TEST_CASE("foreground: the program has the environment it is given and no descriptor of ours") {
  const std::string check =
      "test \"$A\" = 'one two' && test -z \"$HOME\" && for f in /proc/$$/fd/*; do "
      "case $(readlink $f) in *signalfd*|*timerfd*) exit 9;; esac; done";
  CHECK(run_script(check, {"A=one two", "PATH=/usr/bin:/bin"}).code() == 0);
}

TEST_CASE("foreground: a signal that was sent to us alone is passed on") {
  // The program's parent is us.
  const Ending ending = run_script("trap 'exit 5' USR1; kill -USR1 $PPID; while :; do :; done");
  CHECK(ending.code() == 5);
  const Ending dead = run_script("kill -HUP $PPID; while :; do :; done");
  CHECK(dead.signal == SIGHUP);
}

TEST_CASE("foreground: what goes on beside the program is called again and again") {
  Foreground foreground;
  int ticks = 0;
  const Companion companion{.tick =
                                [&] {
                                  if (++ticks == 3) ::kill(::getpid(), SIGTERM);
                                  return milliseconds(1);
                                },
                            .before_stop = {},
                            .after_stop = {}};
  const Ending ending =
      foreground.run({"/bin/sh", "-c", "trap 'exit 4' TERM; while :; do :; done"}, {}, companion);
  CHECK(ending.code() == 4);
  CHECK(ticks >= 3);
}

TEST_CASE("foreground: what asks us to end waits until we look, and is gone with the program") {
  Foreground foreground;
  CHECK(foreground.asked_to_end() == 0);
  ::kill(::getpid(), SIGTERM);
  CHECK(foreground.asked_to_end() == SIGTERM);
  CHECK(foreground.asked_to_end() == 0);
  ::kill(::getpid(), SIGUSR1);
  CHECK(foreground.asked_to_end() == 0);
}
