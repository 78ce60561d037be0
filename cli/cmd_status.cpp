#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_keys.hpp"
#include "cli/show_upstreams.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <ostream>

namespace nufi::cli {

using domain::StatusView;

namespace {

void print_status(Context& context, const StatusView& status) {
  const Timestamp now = context.clock.now();
  Context::Rows rows{
      {"nufid",
       text_cell(fmt::format("{}, pid {}, started {}",
                             status.version,
                             status.pid,
                             human_ago(status.started_at, now)),
                 Tone::strong)},
      {"inference", text_cell(status.inference_url)},
      {"console", text_cell(status.console_url.empty() ? "off" : status.console_url)},
      {"socket", text_cell(status.socket)},
      {"data", text_cell(status.data_dir)},
      {"ledger",
       status.ledger_writable ? text_cell("ok, durability " + status.durability, Tone::good)
                              : text_cell("can't be written: " + status.ledger_problem, Tone::bad)},
      {"in flight",
       text_cell(
           fmt::format("{} calls, {} held{}",
                       human_count(status.calls_in_flight),
                       human_money(status.held),
                       status.draining ? "; it takes no more, and stops when they have ended" : ""),
           status.draining ? Tone::warning : Tone::plain)},
      {"live keys", count_cell(status.live_keys)},
      {"prices", text_cell("catalogue of " + status.catalogue_date)}};
  add_standing_rows(rows, status.spend, now);
  context.print_rows(rows);
  context.out << '\n';
  if (status.upstreams.empty()) {
    context.note("no upstream yet; add one with: nufi upstreams add openai --preset openai");
  } else {
    list_of_upstreams(status.upstreams).table.print(context.out, context.screen);
    note_problems(context, status.upstreams);
  }
}

/// Prints that nothing runs (for --json) and lets the error say the rest.
[[noreturn]] void say_down(Context& context, const Error& error) {
  if (context.json) {
    context.print_json(api::Json{{"running", false}, {"socket", context.socket_path()}});
  }
  throw error;
}

}  // namespace

void warn_of_skew(Context& context) {
  const std::string& daemon = context.client().daemon_version();
  if (daemon.empty() || daemon == NUFI_VERSION) return;
  context.err << fmt::format(
      "warning: nufi is {} but nufid is {}; start the new one with: nufi restart\n",
      NUFI_VERSION,
      printable(daemon));
}

void show_status(Context& context) {
  try {
    const StatusView status = context.client().status();
    if (context.json || !context.screen.is_terminal) {
      api::Json json{{"running", true}};
      json.update(api::to_json(status));
      context.json ? context.print_json(json) : context.print_fields(json);
    } else {
      print_status(context, status);
    }
    warn_of_skew(context);
    if (!status.ledger_writable) context.exit_code = exit_code(Errc::unavailable);
  } catch (const Error& error) {
    if (error.code() == Errc::unreachable) say_down(context, error);
    throw;
  }
}

void add_status_command(CLI::App& root, Context& context) {
  CLI::App* command = root.add_subcommand("status", "what runs, where, and how it is");
  add_report_options(*command, context);
  command->callback([&context] { show_status(context); });
}

}  // namespace nufi::cli
