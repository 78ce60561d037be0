#include "cli/daemon_log.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>
#include <unistd.h>

using namespace nufi::cli;

TEST_CASE("daemon log: what nufid ended with is told from its log") {
  const LastWords words = last_words(
      "2026-08-15 info one\n2026-08-15 info two\nerror: can't listen on 127.0.0.1:1\n"
      "hint: choose another\n");
  CHECK(words.lines == "2026-08-15 info one\n2026-08-15 info two\n");
  CHECK(words.message == "can't listen on 127.0.0.1:1");
  CHECK(words.hint == "choose another");
}

TEST_CASE("daemon log: only the last lines are shown, and a death without a word has no message") {
  std::string text;
  for (int i = 0; i < 40; ++i) text += "line " + std::to_string(i) + "\n";
  const LastWords words = last_words(text);
  CHECK(words.message.empty());
  CHECK(words.lines.starts_with("line 30\n"));
  CHECK(words.lines.ends_with("line 39\n"));
  CHECK(last_words("").lines.empty());
}

TEST_CASE("daemon log: an error counts as long as nufid was not ready since") {
  const std::string failed = "error: the database is damaged\nhint: put a backup in place\n";
  const std::string ready = "nufid: ready on http://127.0.0.1:6834/v1 (socket /s)\n";
  const auto words = words_since_ready(ready + "2026-08-15 info stopped\n" + failed);
  CHECK(words.message == "the database is damaged");
  CHECK(words.hint == "put a backup in place");
  CHECK(words_since_ready(failed).message == "the database is damaged");
  CHECK(words_since_ready(failed + ready).message.empty());
  CHECK(words_since_ready(failed + ready + "2026-08-15 info stopped\n").message.empty());
  CHECK(words_since_ready("").message.empty());
}

TEST_CASE("daemon log: flags that nufid names are given behind those of nufi up") {
  CHECK(for_nufi("choose another with --listen HOST:PORT") ==
        "choose another with: nufi up -- --listen HOST:PORT");
  CHECK(for_nufi("free some space") == "free some space");
}

TEST_CASE("daemon log: only what was written since is read, and a long log only at its end") {
  const std::string path = "/tmp/nufi-log-" + std::to_string(::getpid());
  CHECK(size_of_file(path) == 0);
  CHECK(end_of_file(path, 0).empty());
  std::ofstream(path) << "old\n";
  const auto start = size_of_file(path);
  std::ofstream(path, std::ios::app) << "new\n";
  CHECK(end_of_file(path, start) == "new\n");
  std::ofstream(path, std::ios::app) << std::string(9000, 'x') << "\nlast\n";
  CHECK(end_of_file(path, start) == "last\n");
  std::remove(path.c_str());
}
