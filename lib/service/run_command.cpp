#include "lib/service/run_command.hpp"

#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace nufi::service {

namespace {

constexpr std::size_t kMostOutput = 64 * 1024;

/// The child and our end of its stdout; killed and reaped when the object dies.
class Child {
 public:
  Child(const std::string& command, const std::map<std::string, std::string>& environment) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw failed(errno);
    output_ = ends[0];
    const int started = spawn(command, environment, ends[1]);
    ::close(ends[1]);
    if (started != 0) {
      ::close(output_);
      throw failed(started);
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::close(output_);
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      wait();
    }
  }

  [[nodiscard]] int output() const { return output_; }

  /// Waits for its end, at once if it closed stdout long ago: the wait status.
  int wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == pid_;
  }

 private:
  static Error failed(int code) {
    return {Errc::unavailable, std::string("the command can't be started: ") + std::strerror(code)};
  }

  int spawn(const std::string& command,
            const std::map<std::string, std::string>& environment,
            int output) {
    std::vector<std::string> variables;
    for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
    std::vector<char*> envp;
    for (std::string& variable : variables) envp.push_back(variable.data());
    envp.push_back(nullptr);
    std::string shell = "sh";
    std::string flag = "-c";
    std::string text = command;
    std::array<char*, 4> argv = {shell.data(), flag.data(), text.data(), nullptr};

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    // A group of its own, so that its children die with it; and none of our blocked signals.
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t restored;
    sigemptyset(&restored);
    sigaddset(&restored, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &restored);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes,
        static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
    const int result =
        ::posix_spawn(&pid_, "/bin/sh", &actions, &attributes, argv.data(), envp.data());
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (result != 0) pid_ = -1;
    return result;
  }

  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace

std::string run_command(const std::string& command,
                        const std::map<std::string, std::string>& environment,
                        std::chrono::milliseconds patience) {
  using std::chrono::milliseconds;
  const SystemClock clock;
  const SteadyTime deadline = clock.steady() + patience;
  const Error too_slow(Errc::unavailable, "the command took too long");
  Child child(command, environment);
  std::string output;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - clock.steady());
    if (left <= milliseconds(0)) throw too_slow;
    pollfd readable{.fd = child.output(), .events = POLLIN, .revents = 0};
    const int ready = ::poll(&readable, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready == 0) throw too_slow;
    std::array<char, 4096> piece{};
    const ssize_t count = ::read(child.output(), piece.data(), piece.size());
    if (count <= 0) break;
    output.append(piece.data(), static_cast<std::size_t>(count));
    if (output.size() > kMostOutput) {
      throw Error(Errc::unavailable, "the command writes more than a secret");
    }
  }
  // It may close stdout and go on: what is left of its time, it has to end.
  while (!child.has_ended()) {
    if (clock.steady() >= deadline) throw too_slow;
    ::poll(nullptr, 0, /*timeout=*/5);
  }
  const int status = child.wait();
  if (!WIFEXITED(status)) throw Error(Errc::unavailable, "the command was killed");
  if (WEXITSTATUS(status) != 0) {
    throw Error(Errc::unavailable,
                "the command ended with exit code " + std::to_string(WEXITSTATUS(status)));
  }
  return output;
}

}  // namespace nufi::service
