#include "cli/commands.hpp"
#include "cli/daemon_start.hpp"
#include "cli/first_minute.hpp"
#include "cli/options.hpp"
#include "cli/process.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>

namespace nufi::cli {

using domain::StatusView;

namespace {

constexpr std::chrono::seconds kDrainTimeout{30};  ///< nufid's default, if it does not say its own
constexpr std::chrono::seconds kStopGrace{5};
constexpr std::chrono::milliseconds kLook{20};

struct UpOptions {
  bool demo = false;
  Words words;  ///< for nufid, after --

  [[nodiscard]] Words flags() const {
    for (const char* other : {"--version", "--help", "-h", "--check-config", "--restore"}) {
      if (!names_flag(words, other)) continue;
      throw Error(Errc::usage,
                  std::string(other) + " does something else than start nufid",
                  std::string("say it to nufid itself: nufid ") + other);
    }
    Words all = words;
    if (demo) all.emplace_back("--demo");
    return with_absolute_paths(all);
  }
};

pid_t pid_of(const StatusView& status) {
  return static_cast<pid_t>(status.pid);
}

void say_running(Context& context, const StatusView& status, const std::string& how) {
  if (context.json) {
    context.print_json(api::to_json(status));
    return;
  }
  context.note(fmt::format(
      "nufid {} {} on {} (pid {})", status.version, how, status.inference_url, status.pid));
}

/// The flags that the running nufid was started with. Throws Error{conflict} if they can't be seen.
Words flags_of(const StatusView& status) {
  const auto flags = running_flags(pid_of(status));
  if (flags) return *flags;
  throw Error(Errc::conflict,
              fmt::format("nufid (pid {}) does not run on this machine", status.pid),
              "start it again where it runs");
}

Words with_socket(const Context& context, const Words& flags) {
  if (context.socket.empty()) return flags;
  return merged_flags(with_absolute_paths({"--socket", context.socket}), flags);
}

/// It answers where its flags say.
void look_where_it_will_be(Context& context, const Words& flags) {
  if (const std::string socket = value_of(flags, "--socket"); !socket.empty()) {
    context.socket = socket;
  }
}

void up(Context& context, const UpOptions& options) {
  const Words flags = options.flags();
  look_where_it_will_be(context, flags);
  if (const auto status = ask_daemon(context)) {
    if (!flags.empty() && !has_flags(flags_of(*status), flags)) {
      throw Error(Errc::conflict,
                  fmt::format("nufid is running already (pid {}), with other flags", status->pid),
                  fmt::format("to change them: nufi restart -- {}", fmt::join(flags, " ")));
    }
    say_running(context, *status, "is running already");
    lead_on(context, *status);
    return;
  }
  const bool may_be_unit =
      flags.empty() && context.socket.empty() && !context.config.socket_is_chosen;
  const auto unit = may_be_unit ? Unit::of_user(context.config.path) : std::nullopt;
  if (unit) unit->start();
  const StatusView status =
      unit ? wait_for_unit(context, *unit) : start_detached(context, with_socket(context, flags));
  say_running(context, status, "is running");
  lead_on(context, status);
}

/// `if_left` is what becomes of nufid when the person does not wait.
void note_drain(const Context& context, const StatusView& status, const char* if_left) {
  if (status.calls_in_flight == 0) return;
  context.note("waiting for " + human_count_of(status.calls_in_flight, "call") + " to end");
  if (context.can_ask()) context.note(if_left);
}

/// Asks it to end and waits until it has.
void stop_process(Context& context, const StatusView& status) {
  const Watched process(pid_of(status));
  const auto drain = context.new_client().shutdown().value_or(kDrainTimeout);
  const SteadyTime deadline = context.clock.steady() + drain + kStopGrace;
  bool has_ended = false;
  bool answers = true;
  while (!has_ended || answers) {
    if (context.clock.steady() >= deadline) {
      throw Error(Errc::unavailable,
                  fmt::format("nufid (pid {}) has not stopped yet", status.pid),
                  "it may still be waiting for calls; ask again with: nufi down");
    }
    if (!has_ended) {
      has_ended = process.wait(kLook);
    } else {
      context.pause(kLook);
    }
    if (has_ended) answers = ask_daemon(context).has_value();
  }
}

void down(Context& context) {
  const auto status = ask_daemon(context);
  if (status) {
    note_drain(context, *status, "Ctrl-C ends the waiting only: nufid stops by itself after that");
    if (const auto unit = Unit::running_as(pid_of(*status), context.config.path)) {
      unit->stop();
    } else {
      stop_process(context, *status);
    }
  }
  if (context.json) {
    context.print_json(api::Json{
        {"stopped", status.has_value()},
        {"pid", status ? api::Json(status->pid) : api::Json(nullptr)},
        {"calls_in_flight", status ? api::Json(status->calls_in_flight) : api::Json(nullptr)}});
  } else {
    context.note(status ? "nufid has stopped" : "nufid is not running");
  }
}

/// A secret that nufid takes from its environment, which is ours at its next start.
void warn_of_missing_secrets(const Context& context, const StatusView& status) {
  constexpr std::string_view kEnv = "env ";
  for (const domain::UpstreamView& view : status.upstreams) {
    if (!view.secret.starts_with(kEnv) || !view.secret_problem.empty()) continue;
    const std::string variable = view.secret.substr(kEnv.size());
    const bool is_here = std::any_of(
        context.environment.begin(), context.environment.end(), [&](const std::string& entry) {
          return entry.starts_with(variable + "=");
        });
    if (is_here) continue;
    context.err << fmt::format(
        "warning: {} is not set here, and the secret of upstream '{}' is taken from it: set it and "
        "say nufi restart, or give the secret to nufid with: nufi upstreams edit {} --key-stdin\n",
        printable(variable),
        printable(view.upstream.name),
        printable(view.upstream.name));
  }
}

/// What a start from another environment than the first can change unseen.
void warn_of_moves(const Context& context, const StatusView& before, const StatusView& after) {
  const auto warn = [&](const char* what, const std::string& old, const std::string& now) {
    if (old == now) return;
    context.err << fmt::format(
        "warning: {} was {} and is {} now\n", what, printable(old), printable(now));
  };
  warn("its data directory", before.data_dir, after.data_dir);
  warn("its address", before.inference_url, after.inference_url);
}

/// Starts it with `flags`. When it can't, with those it ran with before: calls should not wait for
/// somebody to find the mistake.
StatusView start_again(Context& context, const Words& flags, const Words& before) {
  try {
    look_where_it_will_be(context, flags);
    return start_detached(context, flags);
  } catch (const Error& failure) {
    if (flags == merged_flags(before, {})) throw;
    context.socket = value_of(before, "--socket");
    try {
      start_detached(context, before);
    } catch (const Error&) {
      throw failure;
    }
    std::string hint = failure.hint();
    constexpr std::string_view kUp = "nufi up -- ";
    if (const auto at = hint.find(kUp); at != std::string::npos) {
      hint.replace(at, kUp.size(), "nufi restart -- ");
    }
    throw Error(failure.code(),
                std::string(failure.what()) + "; it runs again with its flags of before",
                hint);
  }
}

void restart(Context& context, const UpOptions& options) {
  const auto before = ask_daemon(context);
  if (!before) return up(context, options);
  const Words more = options.flags();
  const auto unit = Unit::running_as(pid_of(*before), context.config.path);
  if (unit && !more.empty()) {
    throw Error(Errc::usage,
                "systemd runs nufid, with the flags of its unit",
                "put them into nufid.toml, or: " + unit->edit_command());
  }
  const Words old_flags = flags_of(*before);
  const Words flags = merged_flags(old_flags, with_socket(context, more));
  check_nufid_config(context, flags);
  if (!unit) warn_of_missing_secrets(context, *before);
  note_drain(context, *before, "Ctrl-C leaves nufid to stop, and then: nufi up");
  if (unit) {
    unit->restart();
  } else {
    stop_process(context, *before);
  }
  const StatusView after =
      unit ? wait_for_unit(context, *unit) : start_again(context, flags, old_flags);
  say_running(context, after, "is running again");
  warn_of_moves(context, *before, after);
}

CLI::App* add_command(CLI::App& root,
                      Context& context,
                      const std::string& name,
                      const std::string& help) {
  CLI::App* command = root.add_subcommand(name, help);
  add_json_option(*command, context);
  command->add_flag("-q,--quiet", context.quiet, "print nothing but errors");
  return command;
}

CLI::App* add_start(CLI::App& root,
                    Context& context,
                    const std::string& name,
                    const std::string& help,
                    const std::shared_ptr<UpOptions>& options) {
  CLI::App* command = add_command(root, context, name, help);
  command->add_flag("--demo", options->demo, "with the upstream 'demo' (model nufi-echo)");
  command->add_option("FLAGS", options->words, "flags for nufid, after --")->type_name("");
  return command;
}

}  // namespace

void add_daemon_commands(CLI::App& root, Context& context) {
  auto options = std::make_shared<UpOptions>();
  CLI::App* start = add_start(root, context, "up", "start nufid in the background", options);
  start->add_flag("--yes", context.yes, "ask nothing, also when there is no provider yet");
  start->callback([&context, options] { up(context, *options); });
  add_command(root, context, "down", "let running calls end, then stop nufid")
      ->callback([&context] { down(context); });
  auto again = std::make_shared<UpOptions>();
  add_start(root,
            context,
            "restart",
            "down and up again with the same flags; those given are added or take their place",
            again)
      ->callback([&context, again] { restart(context, *again); });
}

}  // namespace nufi::cli
