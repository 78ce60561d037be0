#include "daemon/janitor.hpp"
#include "daemon/notify.hpp"
#include "daemon/signals.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstring>
#include <future>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace nufi::daemon;
using nufi::test::TempDir;

TEST_CASE("signals: a signal, a request and an end each wake the main thread once") {
  Signals signals;
  signals.request_stop();
  CHECK(signals.wait() == Wake::request);
  ::raise(SIGTERM);
  CHECK(signals.wait() == Wake::signal);
  signals.announce_done();
  CHECK(signals.wait() == Wake::done);
}

TEST_CASE("notify: systemd is told over its socket, by path and by abstract name") {
  const TempDir directory;
  for (const std::string& name :
       {(directory.path() / "notify").string(), "@nufi-test-" + std::to_string(::getpid())}) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0);
    notify_systemd(name, "READY=1");
    char text[32];
    const ssize_t count = ::recv(fd, text, sizeof text, MSG_DONTWAIT);
    CHECK(std::string(text, static_cast<std::size_t>(count < 0 ? 0 : count)) == "READY=1");
    ::close(fd);
  }
  notify_systemd("", "READY=1");
  notify_systemd("/nonexistent/socket", "READY=1");
}

TEST_CASE("janitor: it comes again, also after a chore that failed, and stops at once") {
  std::promise<void> thrice;
  int turns = 0;
  const Janitor janitor("test", std::chrono::milliseconds(1), [&]() -> std::chrono::milliseconds {
    if (++turns == 3) thrice.set_value();
    throw std::runtime_error("no luck");
  });
  CHECK(thrice.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}
