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
/// chore throws is logged; the next turn comes all the same.
class Janitor {
 public:
  Janitor(std::string name, std::chrono::milliseconds every, std::function<void()> chore);
  ~Janitor();

 private:
  void run(const std::stop_token& stop);

  const std::string name_;
  const std::chrono::milliseconds every_;
  const std::function<void()> chore_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace nufi::daemon
