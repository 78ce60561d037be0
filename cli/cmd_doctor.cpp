#include "cli/commands.hpp"
#include "cli/doctor_daemon.hpp"
#include "cli/doctor_environment.hpp"
#include "cli/doctor_ports.hpp"
#include "cli/doctor_stopped.hpp"
#include "cli/options.hpp"
#include "cli/process.hpp"
#include "cli/show_doctor.hpp"
#include "cli/unit.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <unistd.h>

namespace nufi::cli {

using domain::HealthCheck;
using domain::StatusView;

namespace {

using Checks = std::vector<HealthCheck>;

/// Nobody is there: why, as far as a log tells. A service's is systemd's.
HealthCheck explain_stopped(const Context& context, const Error& error) {
  const bool may_be_unit = context.socket.empty() && !context.config.socket_is_chosen;
  const auto unit = may_be_unit ? Unit::of_user(context.config.path) : std::nullopt;
  if (unit) {
    return domain::fault(
        "daemon.running", error.what(), error.hint() + "; its log: " + unit->log_command());
  }
  return judge_stopped(error.what(),
                       error.hint(),
                       read_last_run(log_path(context.config.state_dir)),
                       context.clock.now());
}

/// Nobody answered: what nufid says of itself can't be had.
std::optional<StatusView> ask_status(Context& context, Checks& checks) {
  try {
    StatusView status = context.client().status();
    checks.push_back(domain::healthy(
        "daemon.running",
        fmt::format(
            "pid {}, started {}", status.pid, human_ago(status.started_at, context.clock.now()))));
    return status;
  } catch (const Error& error) {
    if (error.code() == Errc::unreachable) {
      checks.push_back(explain_stopped(context, error));
    } else {
      checks.push_back(domain::fault("daemon.running", error.what(), error.hint()));
    }
    return std::nullopt;
  }
}

void examine_port(const std::string& name,
                  const std::string& url,
                  bool is_running,
                  Checks& checks) {
  const auto place = parse_place(url);
  if (!place) return;
  const Answer answer = ask_place(*place);
  const bool is_ours = answer == Answer::nufid && is_running;
  const std::string holder =
      is_ours || answer == Answer::nobody ? std::string() : find_listener(place->port);
  checks.push_back(judge_port(name, url, answer, is_running, holder));
}

/// `socket`: of the nufid that runs, if it does.
void examine_config(const Context& context,
                    const std::optional<StatusView>& status,
                    const SocketFacts& socket,
                    Checks& checks) {
  const unsigned me = ::getuid();
  const unsigned owner = status && socket.exists ? socket.owner : me;
  if (me != 0 && owner != me) {
    checks.push_back(
        domain::skipped("daemon.config", "nufid is another user's, who can look at it"));
    return;
  }
  const std::string program = find_nufid(context.program_dir, context.config.path);
  const auto flags = status ? running_flags(static_cast<pid_t>(status->pid)) : std::nullopt;
  const auto try_with = [&program](Words words) {
    // First: a flag that lacks its value would take it for one, and nufid would run.
    const Words start = {program, "--check-config"};
    words.insert(words.begin(), start.begin(), start.end());
    return output_of(words);
  };
  ConfigTrial trial;
  if (!program.empty()) trial.alone = try_with({});
  if (!program.empty() && flags) trial.with_flags = try_with(*flags);
  checks.push_back(judge_config(trial, status.has_value()));
  const std::string file = config_file_of(context.config, flags.value_or(Words()));
  if (auto check = judge_config_file(file, look_at_file(file), owner)) {
    checks.push_back(std::move(*check));
  }
}

void examine_running(Context& context, const StatusView& status, bool offline, Checks& checks) {
  checks.push_back(judge_version(NUFI_VERSION, status.version));
  examine_port("ports.inference", status.inference_url, /*is_running=*/true, checks);
  if (!status.console_url.empty()) {
    examine_port("ports.console", status.console_url, /*is_running=*/true, checks);
  }
  checks.push_back(judge_time_zone(status.timezone, context.config.time_zone));
  try {
    for (HealthCheck& check : context.client().doctor(offline)) checks.push_back(std::move(check));
  } catch (const Error& error) {
    checks.push_back(domain::fault("daemon.doctor", error.what(), error.hint()));
  }
}

/// What can be seen of a nufid that does not run: where it would listen, and what it left.
void examine_stopped(const Context& context, Checks& checks) {
  examine_port("ports.inference", context.config.listen, /*is_running=*/false, checks);
  for (HealthCheck& check : examine_left_data(context.config.data_dir, ::getuid())) {
    checks.push_back(std::move(check));
  }
  for (HealthCheck& check : not_looked_at()) checks.push_back(std::move(check));
}

void run_doctor(Context& context, bool offline) {
  Checks checks;
  const auto status = ask_status(context, checks);
  const std::string socket = context.socket_path();
  const SocketFacts facts = look_at_socket(socket);
  checks.push_back(judge_socket(socket, facts, ::getuid()));
  examine_config(context, status, facts, checks);
  if (status) {
    examine_running(context, *status, offline, checks);
  } else {
    examine_stopped(context, checks);
  }
  const std::string inference =
      status ? status->inference_url : fmt::format("http://{}/v1", context.config.listen);
  for (HealthCheck& check : examine_environment(context.config.environment, inference)) {
    checks.push_back(std::move(check));
  }
  show_doctor(context, std::move(checks));
}

}  // namespace

void add_doctor_command(CLI::App& root, Context& context) {
  CLI::App* command = root.add_subcommand(
      "doctor", "look at everything, say what is wrong and what to do about it");
  add_output_options(*command, context);
  auto offline = std::make_shared<bool>(false);
  command->add_flag("--offline", *offline, "ask no provider");
  command->callback([&context, offline] { run_doctor(context, *offline); });
}

}  // namespace nufi::cli
