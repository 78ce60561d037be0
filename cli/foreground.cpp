#include "cli/foreground.hpp"

#include "lib/base/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nufi::cli {

namespace {

std::vector<char*> pointers_of(const std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// Everything that can be taken, but what tells of a fault in ourselves, and SIGPIPE, which main
/// ignores.
sigset_t signals_to_take() {
  sigset_t set;
  ::sigfillset(&set);
  for (const int fault :
       {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGPIPE, SIGTTOU}) {
    ::sigdelset(&set, fault);
  }
  return set;
}

/// Does the terminal belong to our process group?
bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return false;
  const bool is_ours = ::tcgetpgrp(terminal) == ::getpgrp();
  ::close(terminal);
  return is_ours;
}

bool ends_programs(int signal) {
  return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

}  // namespace

int Ending::code() const {
  constexpr int kNotFound = 127;
  constexpr int kNotRunnable = 126;
  constexpr int kSignal = 128;
  if (start_error != 0) return start_error == ENOENT ? kNotFound : kNotRunnable;
  return signal != 0 ? kSignal + signal : exit_code;
}

Foreground::Foreground() : taken_(signals_to_take()) {
  // Whoever started us may ignore it, and then no end could be waited for.
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  ::sigaction(SIGCHLD, &usual, &child_action_before_);
  ::sigprocmask(SIG_BLOCK, &taken_, &mask_before_);
  signals_ = ::signalfd(-1, &taken_, SFD_CLOEXEC | SFD_NONBLOCK);
  // This clock goes on while the machine sleeps.
  timer_ = ::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
  if (signals_ >= 0 && timer_ >= 0) return;
  const int why = errno;
  give_back();
  throw Error(Errc::internal, std::string("can't wait for signals: ") + std::strerror(why));
}

Foreground::~Foreground() {
  give_back();
}

void Foreground::give_back() const {
  if (signals_ >= 0) ::close(signals_);
  if (timer_ >= 0) ::close(timer_);
  ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
  ::sigaction(SIGCHLD, &child_action_before_, nullptr);
}

void Foreground::set_timer(std::chrono::milliseconds span) const {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(span);
  itimerspec when{};
  when.it_value.tv_sec = whole.count();
  when.it_value.tv_nsec = std::chrono::nanoseconds(span - whole).count();
  ::timerfd_settime(timer_, 0, &when, nullptr);
}

bool Foreground::start(const std::vector<std::string>& command,
                       const std::vector<std::string>& environment,
                       Ending& ending) {
  std::array<int, 2> report{};  // tells why it could not become the program
  if (::pipe2(report.data(), O_CLOEXEC) != 0) {
    ending.start_error = errno;
    return false;
  }
  const auto words = pointers_of(command);
  const auto variables = pointers_of(environment);
  child_ = ::fork();
  if (child_ == 0) {
    ::signal(SIGPIPE, SIG_DFL);
    ::sigaction(SIGCHLD, &child_action_before_, nullptr);
    ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
    ::execvpe(words[0], words.data(), variables.data());
    const int why = errno;
    [[maybe_unused]] const ssize_t told = ::write(report[1], &why, sizeof why);
    ::_exit(127);
  }
  if (child_ < 0) ending.start_error = errno;
  ::close(report[1]);
  int why = 0;
  ssize_t got = -1;
  while (child_ > 0 && (got = ::read(report[0], &why, sizeof why)) < 0 && errno == EINTR) {
  }
  ::close(report[0]);
  if (got == sizeof why) {
    ending.start_error = why;
    ::waitpid(child_, nullptr, 0);
    child_ = -1;
  }
  return ending.start_error == 0;
}

void Foreground::stop_with_it(int signal, const Companion& companion) {
  // A program that somebody else halts for a while is not put into the background by that.
  if (signal == SIGSTOP && !has_terminal()) return;
  if (companion.before_stop) companion.before_stop();
  ::raise(signal);
  if (signal != SIGSTOP) {  // it waits until it is let in; here we stop
    sigset_t one;
    ::sigemptyset(&one);
    ::sigaddset(&one, signal);
    ::sigprocmask(SIG_UNBLOCK, &one, nullptr);
    ::sigprocmask(SIG_BLOCK, &one, nullptr);
  }
  if (companion.after_stop) companion.after_stop();
}

bool Foreground::collect(const Companion& companion, Ending& ending) {
  int status = 0;
  while (::waitpid(child_, &status, WNOHANG | WUNTRACED) == child_) {
    if (WIFSTOPPED(status)) {
      stop_with_it(WSTOPSIG(status), companion);
      continue;
    }
    if (WIFSIGNALED(status)) {
      ending.signal = WTERMSIG(status);
    } else {
      ending.exit_code = WEXITSTATUS(status);
    }
    child_ = -1;
    return true;
  }
  return false;
}

void Foreground::pass_on_signals(Ending& ending) {
  signalfd_siginfo signal{};
  while (::read(signals_, &signal, sizeof signal) == sizeof signal) {
    const int number = static_cast<int>(signal.ssi_signo);
    const bool is_of_terminal = signal.ssi_code > 0;  // the kernel's: it went to the whole group
    if (number == SIGINT && is_of_terminal) ending.was_interrupted = true;
    if (number == SIGCHLD || (is_of_terminal && number != SIGCONT)) continue;
    if (child_ > 0) ::kill(child_, number);
  }
}

Ending Foreground::run(const std::vector<std::string>& command,
                       const std::vector<std::string>& environment,
                       const Companion& companion) {
  Ending ending;
  if (!start(command, environment, ending)) return ending;
  if (companion.tick) set_timer(companion.tick());
  std::array<pollfd, 2> waited{{{signals_, POLLIN, 0}, {timer_, POLLIN, 0}}};
  while (true) {
    pass_on_signals(ending);
    if (collect(companion, ending)) break;
    ::poll(waited.data(), waited.size(), -1);
    std::uint64_t expirations = 0;
    if (::read(timer_, &expirations, sizeof expirations) == sizeof expirations) {
      set_timer(companion.tick());
    }
  }
  set_timer(std::chrono::milliseconds(0));
  pass_on_signals(ending);  // what belonged to the program that has just ended
  ending.was_interrupted = ending.was_interrupted && ending.signal == SIGINT;
  return ending;
}

int Foreground::asked_to_end() {
  signalfd_siginfo signal{};
  while (::read(signals_, &signal, sizeof signal) == sizeof signal) {
    const int number = static_cast<int>(signal.ssi_signo);
    if (ends_programs(number)) return number;
  }
  return 0;
}

}  // namespace nufi::cli
