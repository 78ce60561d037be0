#include "cli/pager.hpp"

#include "cli/process.hpp"
#include "lib/base/text.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

namespace nufi::cli {

namespace {

constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

/// Interrupts are for the pager alone; the destructor gives them back.
class InterruptsIgnored {
 public:
  InterruptsIgnored() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGINT, &ignore, &interrupt_);
    ::sigaction(SIGQUIT, &ignore, &quit_);
  }
  InterruptsIgnored(const InterruptsIgnored&) = delete;
  InterruptsIgnored& operator=(const InterruptsIgnored&) = delete;
  ~InterruptsIgnored() { give_back(); }
  void give_back() const {
    ::sigaction(SIGINT, &interrupt_, nullptr);
    ::sigaction(SIGQUIT, &quit_, nullptr);
  }

 private:
  struct sigaction interrupt_ {};
  struct sigaction quit_ {};
};

/// False when its reader has left.
bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

int exit_code_of(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return kNotFound;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

}  // namespace

std::string choose_pager(const Config& config) {
  // What moves the cursor needs a terminal that has one.
  if (config.dumb_terminal) return {};
  const char* chosen = config.environment ? config.environment("PAGER") : nullptr;
  if (chosen != nullptr) {
    const std::string command(trim(chosen));
    return command == "cat" ? "" : command;
  }
  return find_program("less", config.path).empty() ? "" : "less";
}

bool show_in_pager(const std::string& pager, const std::string& text) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return false;
  // How less behaves unless $LESS says otherwise: leave at once what fits, keep colours, keep the
  // text on the screen afterwards.
  const std::string command = ": \"${LESS=-FRX}\"; export LESS; " + pager;
  const InterruptsIgnored ignored;
  const pid_t child = ::fork();
  if (child == 0) {
    ignored.give_back();
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &usual, nullptr);
    ::dup2(pipe[0], STDIN_FILENO);
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    ::_exit(kNotExecutable);
  }
  ::close(pipe[0]);
  if (child < 0) {
    ::close(pipe[1]);
    return false;
  }
  write_all(pipe[1], text);
  ::close(pipe[1]);
  const int code = exit_code_of(child);
  return code != kNotExecutable && code != kNotFound;
}

}  // namespace nufi::cli
