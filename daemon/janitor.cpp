#include "daemon/janitor.hpp"

#include "lib/base/log.hpp"

#include <exception>
#include <utility>

namespace nufi::daemon {

Janitor::Janitor(std::string name, std::chrono::milliseconds rest, Chore chore)
    : name_(std::move(name)),
      first_rest_(rest),
      chore_(std::move(chore)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Janitor::~Janitor() = default;

void Janitor::run(const std::stop_token& stop) {
  auto rest = first_rest_;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, rest, [] { return false; });
    }
    if (stop.stop_requested()) return;
    try {
      rest = chore_();
    } catch (const std::exception& failure) {
      rest = first_rest_;
      log::warning("chore failed", {{"chore", name_}, {"problem", failure.what()}});
    }
  }
}

}  // namespace nufi::daemon
