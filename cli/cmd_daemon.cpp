#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/process.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <ostream>

namespace nufi::cli {

namespace {

constexpr std::chrono::seconds kStartLimit{30};
constexpr std::chrono::seconds kDrainTimeout{30};  ///< nufid's default, if it does not say its own
constexpr std::chrono::seconds kStopGrace{5};
constexpr std::chrono::milliseconds kLook{20};
constexpr const char* kUnit = "nufid.service";

struct UpOptions {
  bool demo = false;
  std::vector<std::string> flags;  ///< for nufid, after --
};

/// The daemon's status; std::nullopt if nobody answers.
std::optional<domain::StatusView> ask(const Context& context) {
  try {
    return context.new_client().status();
  } catch (const Error& error) {
    if (error.code() == Errc::unreachable) return std::nullopt;
    throw;
  }
}

std::string log_path(const Context& context) {
  if (context.config.state_dir.empty()) {
    throw Error(Errc::usage, "there is no place for nufid's log", "set HOME or XDG_STATE_HOME");
  }
  return context.config.state_dir + "/nufid.log";
}

/// What was written to the log after `start`, its last lines.
std::string end_of_log(const std::string& path, std::streamoff start) {
  constexpr std::streamoff kMost = 2000;
  std::ifstream file(path, std::ios::binary);
  file.seekg(0, std::ios::end);
  const std::streamoff size = file.tellg();
  file.seekg(std::max(start, size - kMost));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  if (size - kMost > start) text.erase(0, text.find('\n') + 1);
  return text;
}

std::streamoff size_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  return file ? std::streamoff(file.tellg()) : 0;
}

void say_running(Context& context, const domain::StatusView& status, const std::string& how) {
  if (context.json) {
    context.print_json(api::to_json(status));
    return;
  }
  context.note(fmt::format(
      "nufid {} {} on {} (pid {})", status.version, how, status.inference_url, status.pid));
}

/// Waits until nufid answers. `child` is null when systemd started it.
domain::StatusView wait_until_up(const Context& context,
                                 Detached* child,
                                 const std::string& log,
                                 std::streamoff log_start) {
  const SteadyTime deadline = context.clock.steady() + kStartLimit;
  while (true) {
    if (const auto status = ask(context)) return *status;
    const auto ended = child != nullptr ? child->wait(kLook) : std::nullopt;
    if (child == nullptr) context.pause(kLook);
    if (ended) {
      context.err << end_of_log(log, log_start);
      throw Error(Errc::internal,
                  fmt::format("nufid ended while starting (exit code {})", *ended),
                  "its log is " + log);
    }
    if (context.clock.steady() < deadline) continue;
    if (child != nullptr) context.err << end_of_log(log, log_start);
    throw Error(Errc::internal,
                fmt::format("nufid did not answer within {} seconds (socket {})",
                            kStartLimit.count(),
                            context.socket_path()),
                child != nullptr ? "its log is " + log
                                 : std::string("look at: journalctl --user -u ") + kUnit);
  }
}

/// Starts the systemd user unit if there is one; false if not.
bool start_unit(const Context& context) {
  const std::string systemctl = find_program("systemctl", context.config.path);
  if (systemctl.empty() || run_with_input({systemctl, "--user", "cat", kUnit}, "") != 0) {
    return false;
  }
  if (run_with_input({systemctl, "--user", "start", kUnit}, "") != 0) {
    throw Error(Errc::internal,
                "systemd could not start nufid",
                std::string("look at: journalctl --user -u ") + kUnit);
  }
  return true;
}

std::vector<std::string> nufid_command(const Context& context, const UpOptions& options) {
  std::vector<std::string> folders = context.config.path;
  if (!context.program_dir.empty()) {
    folders.insert(folders.begin(), context.program_dir);
    // In a build tree each program has a folder of its own.
    folders.insert(folders.begin() + 1, context.program_dir + "/../daemon");
  }
  const std::string program = find_program("nufid", folders);
  if (program.empty()) {
    throw Error(Errc::internal, "there is no nufid beside nufi or in PATH", "install it");
  }
  std::vector<std::string> command{program};
  if (!context.socket.empty()) command.insert(command.end(), {"--socket", context.socket});
  if (options.demo) command.emplace_back("--demo");
  command.insert(command.end(), options.flags.begin(), options.flags.end());
  return command;
}

void up(Context& context, const UpOptions& options, const std::string& how) {
  const bool is_plain = !options.demo && options.flags.empty();
  if (const auto status = ask(context)) {
    if (!is_plain) {
      throw Error(
          Errc::conflict,
          fmt::format("nufid is running already (pid {}) with flags of its own", status->pid),
          "to change them: nufi restart …");
    }
    say_running(context, *status, "is running already");
    return;
  }
  const bool may_be_unit = is_plain && context.socket.empty() && !context.config.socket_is_chosen;
  if (may_be_unit && start_unit(context)) {
    say_running(context, wait_until_up(context, nullptr, "", 0), how);
    return;
  }
  const auto command = nufid_command(context, options);
  const std::string log = log_path(context);
  const std::streamoff log_start = size_of(log);
  Detached child(command, log);
  say_running(context, wait_until_up(context, &child, log, log_start), how);
}

/// The flags the running nufid was started with, for the next one; none if systemd started it,
/// which knows them itself.
std::vector<std::string> flags_of_running(const Context& context) {
  const auto status = ask(context);
  if (!status) return {};
  const auto pid = static_cast<pid_t>(status->pid);
  if (is_of_unit(pid, kUnit)) return {};
  auto flags = command_of(pid);
  // A nufid in a container tells a number that is another program's here.
  if (flags.empty() || !flags[0].ends_with("nufid")) return {};
  flags.erase(flags.begin());
  // The socket that was named to us goes before all flags.
  const bool names_socket = flags.size() >= 2 && flags[0] == "--socket";
  if (!context.socket.empty() && names_socket) flags.erase(flags.begin(), flags.begin() + 2);
  return flags;
}

/// Returns false if it was not running.
bool down(Context& context) {
  const auto status = ask(context);
  if (!status) return false;
  const Watched process(static_cast<pid_t>(status->pid));
  const auto drain = context.new_client().shutdown().value_or(kDrainTimeout);
  if (status->calls_in_flight > 0) {
    context.note(fmt::format("waiting for {} calls to end", status->calls_in_flight));
  }
  const SteadyTime deadline = context.clock.steady() + drain + kStopGrace;
  bool has_ended = false;
  bool answers = true;
  while (!has_ended || answers) {
    if (context.clock.steady() >= deadline) {
      throw Error(Errc::unavailable,
                  fmt::format("nufid (pid {}) has not stopped yet", status->pid),
                  "it may still be waiting for calls; ask again with: nufi down");
    }
    if (!has_ended) {
      has_ended = process.wait(kLook);
    } else {
      context.pause(kLook);
    }
    if (has_ended) answers = ask(context).has_value();
  }
  return true;
}

CLI::App* add_start(CLI::App& root,
                    Context& context,
                    const std::string& name,
                    const std::string& help,
                    const std::shared_ptr<UpOptions>& options) {
  CLI::App* command = root.add_subcommand(name, help);
  command->add_flag("--demo", options->demo, "with the upstream 'demo' (model nufi-echo)");
  command->add_option("FLAGS", options->flags, "flags for nufid, after --")->type_name("");
  add_json_option(*command, context);
  return command;
}

}  // namespace

void add_daemon_commands(CLI::App& root, Context& context) {
  auto options = std::make_shared<UpOptions>();
  add_start(root, context, "up", "start nufid in the background", options)
      ->callback([&context, options] { up(context, *options, "is running"); });
  root.add_subcommand("down", "let running calls end, then stop nufid")->callback([&context] {
    context.note(down(context) ? "nufid has stopped" : "nufid is not running");
  });
  auto again = std::make_shared<UpOptions>();
  add_start(
      root, context, "restart", "down and up again, with the same flags or those given", again)
      ->callback([&context, again] {
        const bool is_plain = !again->demo && again->flags.empty();
        if (is_plain) again->flags = flags_of_running(context);
        const bool was_running = down(context);
        up(context, *again, was_running ? "is running again" : "is running");
      });
}

}  // namespace nufi::cli
