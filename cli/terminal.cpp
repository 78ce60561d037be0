#include "cli/terminal.hpp"

#include "lib/base/error.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

namespace nufi::cli {

namespace {

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

Screen find_screen(const Config& config) {
  Screen screen;
  screen.is_terminal = ::isatty(STDOUT_FILENO) == 1;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) screen.width = size.ws_col;
  if (config.columns) screen.width = *config.columns;
  screen.unicode = config.utf8;
  const bool wanted = config.force_colour || (screen.is_terminal && !config.dumb_terminal);
  screen.colour = wanted && !config.no_colour;
  return screen;
}

Secret ask_secret(const std::string& prompt) {
  constexpr char kInterrupt = 3;   // Ctrl-C
  constexpr char kEndOfInput = 4;  // Ctrl-D
  const int terminal = ::open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) throw Error(Errc::usage, "there is no terminal to ask at");
  std::string text;
  bool was_interrupted = false;
  {
    const Silence silence(terminal);
    say(terminal, prompt);
    char c = 0;
    while (::read(terminal, &c, 1) == 1 && c != '\n' && c != kEndOfInput) {
      was_interrupted = was_interrupted || c == kInterrupt;
      text += c;
    }
    say(terminal, "\n");
  }
  ::close(terminal);
  if (was_interrupted) throw Error(Errc::usage, "nothing was done");
  return Secret(std::move(text));
}

}  // namespace nufi::cli
