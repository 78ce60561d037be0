#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

namespace nufi::daemon {

/// Does a chore again and again, in a thread of its own, from construction to destruction. What the
/// chore throws is logged; the next turn comes all the same, after the first rest.
class Janitor {
 public:
  /// Rests first. `chore` returns how long to rest until its next turn.
  using Chore = std::function<std::chrono::milliseconds()>;
  Janitor(std::string name, std::chrono::milliseconds rest, Chore chore);
  ~Janitor();

 private:
  void run(const std::stop_token& stop);

  const std::string name_;
  const std::chrono::milliseconds first_rest_;
  const Chore chore_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace nufi::daemon
