#include "daemon/janitor.hpp"

#include "lib/base/log.hpp"

#include <exception>
#include <utility>

namespace nufi::daemon {

Janitor::Janitor(std::string name, std::chrono::milliseconds every, std::function<void()> chore)
    : name_(std::move(name)),
      every_(every),
      chore_(std::move(chore)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Janitor::~Janitor() = default;

void Janitor::run(const std::stop_token& stop) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, stop, every_, [] { return false; });
    }
    if (stop.stop_requested()) return;
    try {
      chore_();
    } catch (const std::exception& failure) {
      log::warning("chore failed", {{"chore", name_}, {"problem", failure.what()}});
    }
  }
}

}  // namespace nufi::daemon
