#include "lib/base/log.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace nufi;

namespace {

/// What is written to stderr while it lives.
class CapturedStderr {
 public:
  CapturedStderr() {
    std::array<char, 32> path = {"/tmp/nufi-log-XXXXXX"};
    file_ = mkstemp(path.data());
    unlink(path.data());
    before_ = dup(STDERR_FILENO);
    dup2(file_, STDERR_FILENO);
  }
  CapturedStderr(const CapturedStderr&) = delete;
  CapturedStderr& operator=(const CapturedStderr&) = delete;
  ~CapturedStderr() {
    dup2(before_, STDERR_FILENO);
    close(before_);
    close(file_);
  }

  std::vector<std::string> lines() {
    log::flush();
    std::string text;
    std::array<char, 65536> part{};
    off_t at = 0;
    ssize_t count = 0;
    while ((count = pread(file_, part.data(), part.size(), at)) > 0) {
      text.append(part.data(), static_cast<std::size_t>(count));
      at += count;
    }
    auto all = split(text, '\n');
    all.pop_back();
    return all;
  }

 private:
  int file_ = -1;
  int before_ = -1;
};

/// A line without the time in front.
std::string untimed(const std::string& line) {
  return line.substr(line.find(' ') + 1);
}

}  // namespace

TEST_CASE("log: a text line has time, level, event and fields") {
  CapturedStderr captured;
  log::configure(log::Level::info, log::Format::text);
  log::info("daemon is ready", {{"port", 6834}, {"host", "127.0.0.1"}, {"note", "two words"}});
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 1);
  CHECK(untimed(lines[0]) == "info daemon is ready port=6834 host=127.0.0.1 note=\"two words\"");
  CHECK(parse_rfc3339(lines[0].substr(0, lines[0].find(' '))).has_value());
}

TEST_CASE("log: a json line is one object") {
  CapturedStderr captured;
  log::configure(log::Level::info, log::Format::json);
  log::warning("disk is \"full\"", {{"free", 0}, {"path", "a\\b"}});
  const auto lines = captured.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].substr(lines[0].find(",\"level\"")) ==
        R"(,"level":"warning","event":"disk is \"full\"","free":0,"path":"a\\b"})");
}

TEST_CASE("log: a value can't forge a line or a field") {
  CapturedStderr captured;
  const std::string evil =
      "x\n2026-08-01T10:00:00Z error forged\r\x1b[31m a=b\x7f\xc2\x9b\xe2\x80\xa8\xff";
  SUBCASE("text") {
    log::configure(log::Level::info, log::Format::text);
    log::info("event", {{"value", evil}, {"next", "b=c"}, {"empty", ""}});
    const auto lines = captured.lines();
    REQUIRE(lines.size() == 1);
    CHECK(untimed(lines[0]) ==
          "info event value=\"x\\n2026-08-01T10:00:00Z error forged\\r\\u001b[31m a=b\\u007f"
          "\\u009b\\u2028\xef\xbf\xbd\" next=\"b=c\" empty=\"\"");
  }
  SUBCASE("json") {
    log::configure(log::Level::info, log::Format::json);
    log::info("event", {{"value", evil}});
    const auto lines = captured.lines();
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].ends_with("\\u001b[31m a=b\\u007f\\u009b\\u2028\xef\xbf\xbd\"}"));
  }
}

TEST_CASE("log: lines below the level are not written") {
  CapturedStderr captured;
  log::configure(log::Level::warning, log::Format::text);
  log::debug("one");
  log::info("two");
  log::warning("three");
  log::error("four");
  CHECK(captured.lines().size() == 2);
  CHECK_FALSE(log::enabled(log::Level::info));
  CHECK(log::enabled(log::Level::error));
}

TEST_CASE("log: threads write whole lines and flush waits for them") {
  CapturedStderr captured;
  log::configure(log::Level::info, log::Format::text);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([] {
        for (int i = 0; i < 500; ++i) log::info("same", {{"text", "abc"}});
      });
    }
  }
  const auto lines = captured.lines();
  CHECK(lines.size() == 2000);
  for (const auto& line : lines) REQUIRE(untimed(line) == "info same text=abc");
}

TEST_CASE("log: levels are known by name") {
  CHECK(log::level_from_name("debug") == log::Level::debug);
  CHECK(log::level_from_name("error") == log::Level::error);
  CHECK_THROWS_AS(log::level_from_name("loud"), Error);
}
