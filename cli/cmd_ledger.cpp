#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <ostream>

namespace nufi::cli {

namespace {

api::Json json_of(const api::VerifyReport& report) {
  api::Json faults = api::Json::array();
  for (const std::string& fault : report.faults) faults.push_back(api::Json{{"what", fault}});
  return api::Json{{"ok", report.ok},
                   {"rows", report.rows},
                   {"rollups", report.rollups},
                   {"windows", report.windows},
                   {"faults", std::move(faults)}};
}

void verify(Context& context) {
  Progress progress(context, "nufid goes on with it; nothing is changed");
  progress.show("comparing rows, rollups and windows");
  const api::VerifyReport report = context.client().verify_ledger();
  progress.end();
  if (context.quiet && !context.json) {
    // The exit code says it.
  } else if (context.json) {
    context.print_json(json_of(report));
  } else if (context.screen.is_terminal) {
    for (const std::string& fault : report.faults) {
      context.out << toned("fault: ", Tone::bad, context.screen.colour) << printable(fault) << '\n';
    }
    context.out << fmt::format("{}: {}, {}, {}\n",
                               report.ok ? "rows, rollups and windows agree" : "they do not agree",
                               human_count_of(report.rows, "row"),
                               human_count_of(report.rollups, "rollup"),
                               human_count_of(report.windows, "window"));
  } else {
    context.print_fields(json_of(report));
  }
  if (!report.ok) context.exit_code = exit_code(Errc::internal);
}

}  // namespace

void add_ledger_commands(CLI::App& root, Context& context) {
  CLI::App& ledger = *root.add_subcommand("ledger", "the books behind the budgets");
  ledger.require_subcommand(1);
  CLI::App* command = ledger.add_subcommand("verify", "prove that rows, rollups and windows agree");
  add_report_options(*command, context);
  command->callback([&context] { verify(context); });
}

}  // namespace nufi::cli
