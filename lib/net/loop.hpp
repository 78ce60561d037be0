#pragma once

#include "lib/net/asio.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <thread>
#include <vector>

namespace nufi::net {

class Loop;

/// A time by which something must have happened; then its callback runs on the loop, once. Costs
/// nothing to move: the loop looks at all of them every kTick, so it is that much too late at most.
/// Belongs to one loop and is used on its thread only.
class Deadline {
 public:
  Deadline(Loop& loop, std::function<void()> passed);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void set(std::chrono::steady_clock::duration from_now);
  void clear() { at_ = kNever; }

 private:
  friend class Loop;
  static constexpr auto kNever = std::chrono::steady_clock::time_point::max();

  Loop& loop_;
  std::function<void()> passed_;
  std::chrono::steady_clock::time_point at_ = kNever;
  std::list<Deadline*>::iterator place_;
};

/// One event loop on its own thread. Whatever belongs to a connection runs on its loop, so it needs
/// no lock. post() and stop() are thread-safe; the rest is for the loop's own thread.
class Loop {
 public:
  static constexpr std::chrono::milliseconds kTick{200};

  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start();
  /// Runs `work` on the loop soon.
  void post(std::function<void()> work);
  /// Ends the loop once nothing is left to do on it.
  void stop();
  void join();

  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] Executor executor() { return context_.get_executor(); }

 private:
  friend class Deadline;
  void tick();

  std::list<Deadline*> deadlines_;  ///< outlives the context, whose last handlers own deadlines
  asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_1};
  asio::executor_work_guard<Executor> busy_{context_.get_executor()};
  Timer ticker_{context_};
  bool ticking_ = false;
  std::jthread thread_;
};

}  // namespace nufi::net
