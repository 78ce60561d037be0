#include "daemon/signals.hpp"

#include "lib/base/error.hpp"

#include <array>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace nufi::daemon {

namespace {

void raise_event(int fd) {
  const std::uint64_t one = 1;
  // Only a full counter can refuse, and then the event is raised already.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

}  // namespace

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  requests_ = ::eventfd(0, EFD_CLOEXEC);
  done_ = ::eventfd(0, EFD_CLOEXEC);
  if (signals_ < 0 || requests_ < 0 || done_ < 0) {
    throw Error(Errc::internal, "no file descriptors for signals");
  }
}

Signals::~Signals() {
  ::close(signals_);
  ::close(requests_);
  ::close(done_);
}

void Signals::request_stop() {
  raise_event(requests_);
}

void Signals::announce_done() {
  raise_event(done_);
}

Wake Signals::wait() {
  std::array<pollfd, 3> wanted = {{{.fd = signals_, .events = POLLIN, .revents = 0},
                                   {.fd = requests_, .events = POLLIN, .revents = 0},
                                   {.fd = done_, .events = POLLIN, .revents = 0}}};
  while (::poll(wanted.data(), wanted.size(), -1) < 0) {
  }
  if (wanted[0].revents != 0) {
    signalfd_siginfo info{};
    [[maybe_unused]] const ssize_t count = ::read(signals_, &info, sizeof info);
    return Wake::signal;
  }
  const bool is_request = wanted[1].revents != 0;
  std::uint64_t events = 0;
  [[maybe_unused]] const ssize_t count =
      ::read(is_request ? requests_ : done_, &events, sizeof events);
  return is_request ? Wake::request : Wake::done;
}

}  // namespace nufi::daemon
