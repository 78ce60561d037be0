#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace nufi::cli {

/// nufid as a service of systemd's, the user's or the system's.
class Unit {
 public:
  /// The user's, if it is installed. `folders` are those of programs.
  static std::optional<Unit> of_user(const std::vector<std::string>& folders);
  /// The one whose process `pid` is.
  static std::optional<Unit> running_as(pid_t pid, const std::vector<std::string>& folders);

  /// Each waits until it is done, and throws Error{internal} with the end of the journal if it
  /// can't be.
  void start() const;
  void restart() const;
  /// With its sockets, or the next look would start it again.
  void stop() const;

  /// What a person types to look at its log.
  [[nodiscard]] std::string log_command() const;
  /// What a person types to give it flags.
  [[nodiscard]] std::string edit_command() const;

 private:
  Unit(std::string systemctl, bool is_users)
      : systemctl_(std::move(systemctl)), is_users_(is_users) {}

  [[nodiscard]] std::vector<std::string> command(const std::vector<std::string>& words) const;
  [[nodiscard]] bool answers_yes(const std::vector<std::string>& question) const;
  void order(const std::string& verb, const std::vector<std::string>& units) const;

  std::string systemctl_;
  bool is_users_;
};

}  // namespace nufi::cli
