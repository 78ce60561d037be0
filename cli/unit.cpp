#include "cli/unit.hpp"

#include "cli/process.hpp"
#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

namespace nufi::cli {

namespace {

constexpr const char* kService = "nufid.service";
constexpr const char* kSocket = "nufid.socket";

}  // namespace

std::vector<std::string> Unit::command(const std::vector<std::string>& words) const {
  std::vector<std::string> all{systemctl_};
  if (is_users_) all.emplace_back("--user");
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

bool Unit::answers_yes(const std::vector<std::string>& question) const {
  return run_with_input(command(question), "") == 0;
}

std::optional<Unit> Unit::of_user(const std::vector<std::string>& folders) {
  const std::string systemctl = find_program("systemctl", folders);
  if (systemctl.empty()) return std::nullopt;
  Unit unit(systemctl, /*is_users=*/true);
  if (!unit.answers_yes({"cat", kService})) return std::nullopt;
  return unit;
}

std::optional<Unit> Unit::running_as(pid_t pid, const std::vector<std::string>& folders) {
  const std::string systemctl = find_program("systemctl", folders);
  if (systemctl.empty()) return std::nullopt;
  for (const bool is_users : {true, false}) {
    Unit unit(systemctl, is_users);
    const Output main_pid =
        output_of(unit.command({"show", "--property=MainPID", "--value", kService}));
    if (main_pid.exit_code == 0 && parse_integer(trim(main_pid.text)) == pid) return unit;
  }
  return std::nullopt;
}

void Unit::order(const std::string& verb, const std::vector<std::string>& units) const {
  std::vector<std::string> words{verb};
  words.insert(words.end(), units.begin(), units.end());
  const Output done = output_of(command(words));
  if (done.exit_code == 0) return;
  const std::string said(trim(done.text));
  throw Error(Errc::internal,
              "systemd can't " + verb + " nufid" + (said.empty() ? "" : ": " + said),
              "look at: " + log_command());
}

void Unit::start() const {
  // One that holds the doors takes them before nufid does.
  if (answers_yes({"is-enabled", "--quiet", kSocket})) {
    order("start", {kSocket, kService});
  } else {
    order("start", {kService});
  }
}

void Unit::restart() const {
  order("restart", {kService});
}

void Unit::stop() const {
  if (answers_yes({"is-active", "--quiet", kSocket})) {
    order("stop", {kSocket, kService});
  } else {
    order("stop", {kService});
  }
}

std::string Unit::log_command() const {
  return is_users_ ? "journalctl --user -u nufid" : "journalctl -u nufid";
}

std::string Unit::edit_command() const {
  return is_users_ ? "systemctl --user edit nufid" : "systemctl edit nufid";
}

}  // namespace nufi::cli
