#include "cli/daemon_start.hpp"

#include "cli/daemon_log.hpp"
#include "cli/doctor_ports.hpp"
#include "cli/process.hpp"

#include <fmt/format.h>

#include <functional>
#include <ostream>

namespace nufi::cli {

using domain::StatusView;

namespace {

constexpr std::chrono::seconds kStartLimit{30};
constexpr std::chrono::milliseconds kLook{20};
constexpr int kUsage = 2;  ///< nufid's exit code for flags and config files that it can't take

std::string place_for_log(const Context& context) {
  std::string path = log_path(context.config.state_dir);
  if (path.empty()) {
    throw Error(Errc::usage, "there is no place for nufid's log", "set HOME or XDG_STATE_HOME");
  }
  return path;
}

/// Who has the port that `message` ("can't listen on 127.0.0.1:6834: Address already in use") is
/// about; "" if it is about something else, or nobody can say.
std::string holder_of_port(const std::string& message) {
  constexpr std::string_view kStart = "can't listen on ";
  const auto at = message.find(kStart);
  if (at == std::string::npos) return "";
  const auto begin = at + kStart.size();
  const auto place = parse_place(message.substr(begin, message.find(": ", begin) - begin));
  if (!place) return "";
  const std::string holder = find_listener(place->port);
  const bool is_nufid = ask_place(*place) == Answer::nufid;
  if (!is_nufid && holder.empty()) return "";
  const std::string who = is_nufid ? "another nufid" : "something that is not nufid";
  return fmt::format("{} answers there{}", who, holder.empty() ? "" : ": " + holder);
}

/// What nufid printed before it ended, as an error. Its log goes to stderr only where it does not
/// say why.
Error failure_of(const Context& context,
                 int exit_code,
                 const std::string& text,
                 const std::string& log) {
  const LastWords words = last_words(text);
  const std::string where = "its log is " + log;
  if (words.message.empty()) {
    context.err << words.lines;
    return {
        Errc::internal, fmt::format("nufid ended while starting (exit code {})", exit_code), where};
  }
  const std::string holder = holder_of_port(words.message);
  const std::string message = words.message + (holder.empty() ? "" : " (" + holder + ")");
  return {exit_code == kUsage ? Errc::usage : Errc::internal,
          "nufid can't start: " + message,
          words.hint.empty() ? where : for_nufi(words.hint) + "; " + where};
}

/// Waits until it answers, as long as `still_starts` does not throw.
StatusView wait_until_up(const Context& context,
                         const std::function<void()>& look,
                         const std::string& where_to_look) {
  const SteadyTime deadline = context.clock.steady() + kStartLimit;
  while (true) {
    if (const auto status = ask_daemon(context)) return *status;
    look();
    if (context.clock.steady() < deadline) continue;
    throw Error(Errc::internal,
                fmt::format("nufid did not answer within {} seconds (socket {})",
                            kStartLimit.count(),
                            context.socket_path()),
                where_to_look);
  }
}

}  // namespace

std::optional<StatusView> ask_daemon(const Context& context) {
  try {
    return context.new_client().status();
  } catch (const Error& error) {
    if (error.code() == Errc::unreachable) return std::nullopt;
    throw;
  }
}

std::string find_nufid(const Context& context) {
  std::vector<std::string> folders = context.config.path;
  if (!context.program_dir.empty()) {
    folders.insert(folders.begin(), context.program_dir);
    // In a build tree each program has a folder of its own.
    folders.insert(folders.begin() + 1, context.program_dir + "/../daemon");
  }
  std::string program = find_program("nufid", folders);
  if (program.empty()) {
    throw Error(Errc::internal, "there is no nufid beside nufi or in PATH", "install it");
  }
  return program;
}

void check_nufid_config(const Context& context, const Words& flags) {
  // First: a flag that lacks its value would take it for one, and nufid would run.
  Words command{find_nufid(context), "--check-config"};
  command.insert(command.end(), flags.begin(), flags.end());
  const Output output = output_of(command);
  if (output.exit_code == 0) return;
  const LastWords words = last_words(output.text);
  throw Error(output.exit_code == kUsage ? Errc::usage : Errc::internal,
              words.message.empty() ? "nufid refuses its configuration" : words.message,
              (words.hint.empty() ? "" : words.hint + "; ") + "the running nufid goes on as it is");
}

StatusView start_detached(const Context& context, const Words& flags) {
  Words command{find_nufid(context)};
  command.insert(command.end(), flags.begin(), flags.end());
  const std::string log = place_for_log(context);
  const std::streamoff log_start = size_of_file(log);
  Detached child(command, log);
  return wait_until_up(
      context,
      [&] {
        const auto ended = child.wait(kLook);
        if (ended) throw failure_of(context, *ended, end_of_file(log, log_start), log);
      },
      "its log is " + log);
}

StatusView wait_for_unit(const Context& context, const Unit& unit) {
  return wait_until_up(
      context, [&] { context.pause(kLook); }, "look at: " + unit.log_command());
}

}  // namespace nufi::cli
