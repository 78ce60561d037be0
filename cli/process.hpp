#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

/// Other programs: finding, running and watching them. Blocks as said.
namespace nufi::cli {

/// The path of the program called `name` in the first of `folders` that has it, or "".
std::string find_program(const std::string& name, const std::vector<std::string>& folders);

/// nufid, beside this program (in `program_dir`) or else in `folders`; "" if it is in neither.
std::string find_nufid(const std::string& program_dir, std::vector<std::string> folders);

/// The folder this program was started from, or "" if the system does not say.
std::string own_folder();

/// True if `descriptor` is a pipe or socket that nobody reads any more.
bool reader_has_left(int descriptor);

/// What the running program `pid` was started with, its path first; empty if the system does not
/// say.
std::vector<std::string> command_of(pid_t pid);

/// The flags that the nufid which runs as `pid` was started with; std::nullopt if that is no nufid
/// that we can see: one in a container tells a number that is another program's here.
std::optional<std::vector<std::string>> running_flags(pid_t pid);

/// Runs `command` (its first word is a path) with `input` as standard input and what it prints
/// thrown away; waits for its end. Returns its exit code, 127 if it could not be run.
int run_with_input(const std::vector<std::string>& command, const std::string& input);

struct Output {
  int exit_code = 0;
  std::string text;  ///< standard output and error as they came, the first 64 KiB
};
/// Runs `command` (its first word is a path) with nothing to read, and waits for its end.
Output output_of(const std::vector<std::string>& command);

/// A program that goes on when we end: its own session, nothing on its standard input, its output
/// appended to a log file (0600) or, without a name for one, thrown away. Leaves it running when
/// destroyed.
class Detached {
 public:
  /// Throws Error{internal} if the log can't be opened or the process not be made, Error{invalid}
  /// if something that is no file stands in the log's place.
  Detached(const std::vector<std::string>& command, const std::string& log_path);

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Waits up to `most` for its end; its exit code (128 + signal) if it has ended.
  std::optional<int> wait(std::chrono::milliseconds most);

 private:
  pid_t pid_ = -1;
  std::optional<int> exit_code_;
};

/// Some process, to be told when it ends.
class Watched {
 public:
  explicit Watched(pid_t pid);
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

  /// Waits up to `most` for its end. True if it ended, or if it could not be watched at all.
  [[nodiscard]] bool wait(std::chrono::milliseconds most) const;

 private:
  int descriptor_ = -1;
};

}  // namespace nufi::cli
