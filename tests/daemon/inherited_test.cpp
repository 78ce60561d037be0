#include "daemon/inherited.hpp"

#include "daemon/listen.hpp"
#include "lib/base/error.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using namespace nufi;
using namespace nufi::daemon;
using nufi::test::TempDir;

namespace {

std::string refusal(const InheritedSockets& sockets) {
  Config config;
  config.inherited = sockets;
  try {
    adopt_sockets(config);
  } catch (const Error& error) {
    return std::string(error.what()) + "; " + error.hint();
  }
  return "";
}

}  // namespace

TEST_CASE("inherited: systemd's sockets say where the doors are") {
  const TempDir directory;
  const auto inference = Listener::tcp({"127.0.0.1", 0});
  const auto console = Listener::tcp({"::1", 0});
  const auto control = Listener::unix_socket(directory.path() / "given.sock");
  Config config;
  config.listen = {"127.0.0.9", 1};
  config.socket = "/elsewhere";
  config.inherited = {
      .inference = inference.fd(), .console = console.fd(), .control = control.fd()};
  adopt_sockets(config);
  CHECK(config.listen.text() == "127.0.0.1:" + std::to_string(inference.port()));
  REQUIRE(config.console);
  CHECK(config.console->text() == "[::1]:" + std::to_string(console.port()));
  CHECK(config.socket == directory.path() / "given.sock");
}

TEST_CASE("inherited: without any, nothing changes") {
  Config config;
  config.listen = {"127.0.0.9", 1};
  adopt_sockets(config);
  CHECK(config.listen.text() == "127.0.0.9:1");
  CHECK_FALSE(config.console);
}

TEST_CASE("inherited: one of the wrong kind is refused, with the order they have") {
  const TempDir directory;
  const auto tcp = Listener::tcp({"127.0.0.1", 0});
  const auto control = Listener::unix_socket(directory.path() / "given.sock");
  const int deaf = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto in_order = [](const std::string& text) {
    return text.find("inference, console, control") != std::string::npos;
  };
  CHECK(in_order(refusal({.inference = control.fd()})));
  CHECK(in_order(refusal({.console = control.fd()})));
  CHECK(in_order(refusal({.control = tcp.fd()})));
  CHECK(in_order(refusal({.inference = deaf})));
  CHECK(in_order(refusal({.control = 1'000'000})));
  ::close(deaf);
}

TEST_CASE("inherited: a socket that other machines can reach needs --allow-remote as a flag does") {
  const auto open = Listener::tcp({"0.0.0.0", 0});
  CHECK(refusal({.inference = open.fd()}).find("--allow-remote inference") != std::string::npos);
  CHECK(refusal({.console = open.fd()}).find("--allow-remote console") != std::string::npos);
  Config config;
  config.inherited.console = open.fd();
  config.allow_remote_console = true;
  adopt_sockets(config);
  CHECK(config.console->host == "0.0.0.0");
}
