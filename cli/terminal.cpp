#include "cli/terminal.hpp"

#include "lib/base/error.hpp"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace nufi::cli {

namespace {

constexpr char kInterrupt = 3;  ///< Ctrl-C

/// Holds back Ctrl-C and the like and turns echo off; the destructor undoes both.
class Silence {
 public:
  explicit Silence(int terminal) : terminal_(terminal) {
    sigset_t interrupts;
    sigemptyset(&interrupts);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGTSTP}) sigaddset(&interrupts, signal);
    ::sigprocmask(SIG_BLOCK, &interrupts, &signals_before_);
    is_set_ = ::tcgetattr(terminal_, &before_) == 0;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ISIG);
    silent.c_cc[VEOL] = kInterrupt;  // it ends the line, so that it is read at once
    if (is_set_) ::tcsetattr(terminal_, TCSAFLUSH, &silent);
  }
  ~Silence() {
    if (is_set_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
    ::sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;

 private:
  int terminal_;
  termios before_{};
  sigset_t signals_before_{};
  bool is_set_ = false;
};

void say(int terminal, const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(terminal, text.data(), text.size());
}

}  // namespace

bool may_colour(const Config& config, bool is_terminal) {
  if (config.no_colour) return false;
  return config.force_colour || (is_terminal && !config.dumb_terminal);
}

Screen find_screen(const Config& config) {
  constexpr int kNarrowest = 20;
  Screen screen;
  screen.is_terminal = ::isatty(STDOUT_FILENO) == 1;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    screen.width = std::max<int>(size.ws_col, kNarrowest);
    screen.height = size.ws_row;
  }
  if (config.columns) screen.width = *config.columns;
  screen.unicode = config.utf8;
  screen.colour = may_colour(config, screen.is_terminal);
  return screen;
}

Secret ask_secret(const std::string& prompt) {
  constexpr char kEndOfInput = 4;  // Ctrl-D
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) throw Error(Errc::usage, "there is no terminal to ask at");
  std::string text;
  bool was_interrupted = false;
  {
    const Silence silence(terminal);
    say(terminal, prompt);
    char c = 0;
    while (!was_interrupted && ::read(terminal, &c, 1) == 1 && c != '\n' && c != kEndOfInput) {
      was_interrupted = c == kInterrupt;
      text += c;
    }
    say(terminal, "\n");
  }
  ::close(terminal);
  if (was_interrupted) throw Error(Errc::usage, "nothing was done");
  return Secret(std::move(text));
}

}  // namespace nufi::cli
