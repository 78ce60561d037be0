#include "daemon/janitor.hpp"
#include "daemon/notify.hpp"
#include "daemon/signals.hpp"
#include "daemon/watchdog.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <future>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

using namespace nufi::daemon;
using nufi::test::TempDir;

namespace {

/// Where systemd would listen.
struct NotifySocket {
  explicit NotifySocket(std::string path) : name(std::move(path)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&address), length) == 0);
    const timeval limit{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;
  ~NotifySocket() { ::close(fd); }

  /// What it was told already, "" if nothing.
  [[nodiscard]] std::string told() const { return receive(MSG_DONTWAIT); }
  /// What it is told next; "" if that takes too long.
  [[nodiscard]] std::string next() const { return receive(0); }

  const std::string name;
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

 private:
  [[nodiscard]] std::string receive(int flags) const {
    char text[64];
    const ssize_t count = ::recv(fd, text, sizeof text, flags);
    return {text, static_cast<std::size_t>(count < 0 ? 0 : count)};
  }
};

}  // namespace

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
    const NotifySocket systemd(name);
    notify_systemd(name, "READY=1");
    CHECK(systemd.told() == "READY=1");
  }
  notify_systemd("", "READY=1");
  notify_systemd("/nonexistent/socket", "READY=1");
}

TEST_CASE("watchdog: it tells systemd that all is well as long as that was proved") {
  const NotifySocket systemd("@nufi-watchdog-" + std::to_string(::getpid()));
  SUBCASE("again and again") {
    const Watchdog watchdog(systemd.name, std::chrono::milliseconds(9), {});
    for (int i = 0; i < 3; ++i) CHECK(systemd.next() == "WATCHDOG=1");
  }
  SUBCASE("and is silent while something does not answer") {
    std::promise<void> asked_twice;
    int asked = 0;
    const Watchdog watchdog(
        systemd.name, std::chrono::milliseconds(9), [&](std::chrono::milliseconds patience) {
          CHECK(patience == std::chrono::milliseconds(3));
          if (++asked == 2) asked_twice.set_value();
          throw std::runtime_error("an event loop does not answer");
        });
    CHECK(asked_twice.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
    CHECK(systemd.told() == "");
  }
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
