#include "cli/config.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

using namespace nufi::cli;

namespace {

Config read(const std::map<std::string, std::string>& variables) {
  return read_config([&variables](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

using Paths = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "config: the socket is in the runtime folder, else in the state folder, else the system's") {
  CHECK(read({{"HOME", "/home/ana"}, {"XDG_RUNTIME_DIR", "/run/user/1000"}}).sockets ==
        Paths{"/run/user/1000/nufi/nufid.sock",
              "/home/ana/.local/state/nufi/nufid.sock",
              "/run/nufi/nufid.sock"});
  CHECK(read({{"HOME", "/home/ana"}, {"XDG_STATE_HOME", "/state"}}).sockets ==
        Paths{"/state/nufi/nufid.sock", "/run/nufi/nufid.sock"});
  CHECK(read({}).sockets == Paths{"/run/nufi/nufid.sock"});
}

TEST_CASE("config: NUFI_SOCKET is the only place when it is set") {
  const Config config = read({{"NUFI_SOCKET", "/tmp/x.sock"}, {"XDG_RUNTIME_DIR", "/run/user/1"}});
  CHECK(config.sockets == Paths{"/tmp/x.sock"});
  CHECK(config.socket_is_chosen);
}

TEST_CASE("config: the first socket that is there is taken, else the first") {
  char directory[] = "/tmp/nufi-test-XXXXXX";
  REQUIRE(::mkdtemp(directory) != nullptr);
  const std::string there = std::string(directory) + "/there";
  std::ofstream(there).put('x');
  Config config;
  config.sockets = {std::string(directory) + "/absent", there};

  CHECK(choose_socket(config) == there);
  std::filesystem::remove_all(directory);
  CHECK(choose_socket(config) == config.sockets.front());
}

TEST_CASE("config: empty and relative folders count as unset, as XDG says") {
  const Config config = read({{"HOME", "/h"}, {"XDG_RUNTIME_DIR", ""}, {"XDG_STATE_HOME", "rel"}});
  CHECK(config.sockets.front() == "/h/.local/state/nufi/nufid.sock");
  CHECK(config.state_dir == "/h/.local/state/nufi");
}

TEST_CASE("config: reads colour, width and character set") {
  const Config config = read({{"NO_COLOR", "1"},
                              {"CLICOLOR_FORCE", "0"},
                              {"COLUMNS", "60"},
                              {"TERM", "dumb"},
                              {"LANG", "de_DE.UTF-8"},
                              {"PATH", "/a::/b"}});
  CHECK(config.no_colour);
  CHECK_FALSE(config.force_colour);
  CHECK(config.columns == 60);
  CHECK(config.dumb_terminal);
  CHECK(config.utf8);
  CHECK(config.path == Paths{"/a", "/b"});
  CHECK_FALSE(read({{"LC_ALL", "C"}, {"LANG", "de_DE.UTF-8"}}).utf8);
  CHECK_FALSE(read({{"COLUMNS", "wide"}}).columns.has_value());
}
