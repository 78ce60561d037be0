#include "cli/process.hpp"

#include "lib/base/error.hpp"
#include "lib/base/regular_file.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace nufi::cli {

namespace {

std::vector<char*> argument_pointers(const std::vector<std::string>& command) {
  std::vector<char*> pointers;
  for (const std::string& word : command) pointers.push_back(const_cast<char*>(word.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

/// In the child, after fork(): never returns. Only what is safe there.
[[noreturn]] void become(char* const* arguments, int in, int out, bool own_session) {
  if (own_session) ::setsid();
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::close_range(3, ~0U, 0);
  ::execv(arguments[0], arguments);
  ::_exit(127);
}

int exit_code_of(int status) {
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

std::string find_program(const std::string& name, const std::vector<std::string>& folders) {
  for (const std::string& folder : folders) {
    std::string path = folder + "/" + name;
    std::error_code ignored;
    if (std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0) {
      return path;
    }
  }
  return "";
}

std::string find_nufid(const std::string& program_dir, std::vector<std::string> folders) {
  if (!program_dir.empty()) {
    // In a build tree each program has a folder of its own.
    folders.insert(folders.begin(), {program_dir, program_dir + "/../daemon"});
  }
  return find_program("nufid", folders);
}

std::string own_folder() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::string() : path.parent_path().string();
}

bool reader_has_left(int descriptor) {
  pollfd state{.fd = descriptor, .events = POLLOUT, .revents = 0};
  return ::poll(&state, 1, 0) == 1 && (state.revents & (POLLERR | POLLHUP)) != 0;
}

std::vector<std::string> command_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

std::optional<std::vector<std::string>> running_flags(pid_t pid) {
  std::vector<std::string> words = command_of(pid);
  if (words.empty() || !words.front().ends_with("nufid")) return std::nullopt;
  words.erase(words.begin());
  return words;
}

int run_with_input(const std::vector<std::string>& command, const std::string& input) {
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return 127;
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const auto arguments = argument_pointers(command);
  const pid_t child = ::fork();
  if (child == 0) become(arguments.data(), pipe[0], nothing, /*own_session=*/false);
  ::close(pipe[0]);
  ::close(nothing);
  for (std::size_t sent = 0; child > 0 && sent < input.size();) {
    const ssize_t n = ::write(pipe[1], input.data() + sent, input.size() - sent);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    sent += static_cast<std::size_t>(n);
  }
  ::close(pipe[1]);
  int status = 0;
  if (child < 0 || ::waitpid(child, &status, 0) != child) return 127;
  return exit_code_of(status);
}

Output output_of(const std::vector<std::string>& command) {
  constexpr std::size_t kMost = 64 * 1024;
  Output output{127, ""};
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) return output;
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto arguments = argument_pointers(command);
  const pid_t child = ::fork();
  if (child == 0) become(arguments.data(), nothing, pipe[1], /*own_session=*/false);
  ::close(pipe[1]);
  ::close(nothing);
  std::array<char, 4096> piece{};
  while (child > 0) {
    const ssize_t n = ::read(pipe[0], piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    output.text.append(piece.data(), static_cast<std::size_t>(n));
  }
  ::close(pipe[0]);
  if (output.text.size() > kMost) output.text.resize(kMost);
  int status = 0;
  if (child > 0 && ::waitpid(child, &status, 0) == child) output.exit_code = exit_code_of(status);
  return output;
}

Detached::Detached(const std::vector<std::string>& command, const std::string& log_path) {
  int log = -1;
  if (log_path.empty()) {
    log = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  } else {
    std::error_code error;
    const std::filesystem::path folder = std::filesystem::path(log_path).parent_path();
    if (std::filesystem::create_directories(folder, error)) {
      std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
    }
    log = open_regular(log_path, O_WRONLY | O_CREAT | O_APPEND);
  }
  if (log < 0) {
    throw Error(Errc::internal, "can't write the log " + log_path + ": " + std::strerror(errno));
  }
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  const auto arguments = argument_pointers(command);
  pid_ = ::fork();
  if (pid_ == 0) become(arguments.data(), nothing, log, /*own_session=*/true);
  ::close(nothing);
  ::close(log);
  if (pid_ < 0) {
    throw Error(Errc::internal, "can't start " + command.front() + ": " + std::strerror(errno));
  }
}

std::optional<int> Detached::wait(std::chrono::milliseconds most) {
  if (!exit_code_ && Watched(pid_).wait(most)) {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) == pid_) exit_code_ = exit_code_of(status);
  }
  return exit_code_;
}

Watched::Watched(pid_t pid)
    : descriptor_(pid > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)) : -1) {}

Watched::~Watched() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool Watched::wait(std::chrono::milliseconds most) const {
  if (descriptor_ < 0) return true;
  pollfd watched{descriptor_, POLLIN, 0};
  return ::poll(&watched, 1, static_cast<int>(most.count())) > 0;
}

}  // namespace nufi::cli
