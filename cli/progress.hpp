#pragma once

#include "cli/context.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>

namespace nufi::cli {

/// A line on the terminal of a person who waits: how far long work is, or how long it has taken.
/// Nothing for the first half second, nothing with --quiet, nothing but on a terminal; erased at
/// the end. A Ctrl-C meanwhile says what becomes of the work. Nobody else may write on context.err
/// between show() and end(). One at a time; one thread.
class Progress {
 public:
  /// `when_interrupted`: what is said then, e.g. "no backup was made".
  Progress(Context& context, const std::string& when_interrupted);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

  /// `what` ("copying") is done to `done` of `total`; a total of 0 is not known, then the time it
  /// has taken is shown.
  void show(const std::string& what, std::int64_t done = 0, std::int64_t total = 0);
  /// Erases the line; a later show() begins anew.
  void end();
  /// A file to take away when a Ctrl-C ends nufi; "" = none any more.
  static void remove_when_interrupted(const std::string& path);

 private:
  void draw(SteadyTime now);
  void erase();

  Context& context_;
  const bool is_watched_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // All below are guarded by mutex_.
  std::string what_;  ///< "" = nothing to show
  std::int64_t done_ = 0;
  std::int64_t total_ = 0;
  SteadyTime since_;
  int shown_width_ = 0;
  bool ends_ = false;
  std::thread painter_;  ///< draws while the command waits for nufid
};

/// The line itself, at most `width` columns: "copying  [####......]  43 %" or "checking  12 s".
std::string progress_line(const std::string& what,
                          std::int64_t done,
                          std::int64_t total,
                          std::chrono::seconds taken,
                          int width,
                          bool unicode);

}  // namespace nufi::cli
