#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

/// A program that runs in our place: on our terminal, in our process group, with our signals.
namespace nufi::cli {

/// How it ended.
struct Ending {
  int exit_code = 0;    ///< if it ended by itself
  int signal = 0;       ///< the signal that ended it, or 0
  int start_error = 0;  ///< errno, if it could not be started, or 0
  /// Ctrl-C ended it: whoever waits for us should see that signal, as a shell's loop ends by it.
  bool was_interrupted = false;

  /// What a shell calls it: 128 + signal, 127 not found, 126 can't be run.
  [[nodiscard]] int code() const;
};

/// What goes on beside the program.
struct Companion {
  /// Called at once and then again after what it returns, also while the machine sleeps; 0 = never.
  std::function<std::chrono::milliseconds()> tick;
  std::function<void()> before_stop;  ///< Ctrl-Z: we stop with the program
  std::function<void()> after_stop;   ///< and go on with it
};

/// From its making to its end no signal ends us: each waits until it is asked for or passed on.
///
/// Ctrl-C and the like reach the program by themselves, as it is in our process group; what was
/// sent to us alone is passed on. When the program stops we stop too, so that job control works as
/// if the shell had started the program itself. If we are killed the program goes on.
/// One at a time, in a process with one thread.
class Foreground {
 public:
  /// Throws Error{internal} if the system gives us no way to wait for signals.
  Foreground();
  ~Foreground();
  Foreground(const Foreground&) = delete;
  Foreground& operator=(const Foreground&) = delete;

  /// Runs `command` (looked up in PATH) with `environment` ("NAME=value") to its end.
  Ending run(const std::vector<std::string>& command,
             const std::vector<std::string>& environment,
             const Companion& companion);

  /// A signal that came since, other than to the program, and asks to end (INT, TERM, HUP, QUIT);
  /// or 0.
  int asked_to_end();

 private:
  /// Signals go where they went before.
  void give_back() const;
  bool start(const std::vector<std::string>& command,
             const std::vector<std::string>& environment,
             Ending& ending);
  /// True when the program has ended.
  bool collect(const Companion& companion, Ending& ending);
  void stop_with_it(int signal, const Companion& companion);
  void pass_on_signals(Ending& ending);
  void set_timer(std::chrono::milliseconds span) const;

  sigset_t taken_{};
  sigset_t mask_before_{};
  struct sigaction child_action_before_ {};
  int signals_ = -1;  ///< signalfd
  int timer_ = -1;    ///< timerfd
  pid_t child_ = -1;
};

}  // namespace nufi::cli
