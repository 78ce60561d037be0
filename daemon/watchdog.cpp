#include "daemon/watchdog.hpp"

#include "daemon/notify.hpp"

#include <algorithm>
#include <utility>

namespace nufi::daemon {

namespace {

constexpr int kTimes = 3;

std::chrono::milliseconds interval(std::chrono::microseconds limit) {
  const auto third = std::chrono::duration_cast<std::chrono::milliseconds>(limit / kTimes);
  return std::max(third, std::chrono::milliseconds(1));
}

}  // namespace

Watchdog::Watchdog(std::string notify_socket, std::chrono::microseconds limit, Proof proof)
    : janitor_(
          "watchdog",
          interval(limit),
          [socket = std::move(notify_socket), rest = interval(limit), proof = std::move(proof)] {
            if (proof) proof(rest);
            notify_systemd(socket, "WATCHDOG=1");
            return rest;
          }) {}

}  // namespace nufi::daemon
