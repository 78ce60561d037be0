// `nufi run -- CMD`: a program with a key of its own, and what it cost.
#include "cli/commands.hpp"
#include "cli/foreground.hpp"
#include "cli/new_file.hpp"
#include "cli/options.hpp"
#include "cli/run_key.hpp"
#include "cli/run_report.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstring>
#include <filesystem>
#include <memory>
#include <ostream>
#include <unistd.h>

namespace nufi::cli {

using domain::Change;
using domain::KeyTerms;

namespace {

namespace fs = std::filesystem;

struct RunOptions {
  KeyTerms terms;
  std::string project;
  std::string report_file;
  std::vector<std::string> words;  ///< only for the help: see take_command()
};

/// Whatever would stop us from writing the report is said before any money is spent.
void check_report_file(const std::string& file) {
  if (file.empty()) return;
  const auto fail = [&](const std::string& why) {
    throw Error(Errc::usage, fmt::format("--json-report {}: {}", file, why), "name another file");
  };
  if (file == "-") fail("standard output belongs to the program");
  const fs::path path(file);
  std::error_code ignored;
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) fail("it is no file");
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (::access(folder.c_str(), W_OK | X_OK) != 0) fail(std::strerror(errno));
}

void write_report(const Context& context, const std::string& file, const api::Json& json) {
  try {
    // Its place was checked before; nufid may be gone now.
    NewFile report(file, /*data_dir=*/{});
    report.write(api::to_text(json, 2) + "\n");
    report.finish();
  } catch (const Error& error) {
    context.err << "warning: there is no report: " << printable(error.what()) << '\n';
  }
}

void finish(Context& context,
            const RunOptions& options,
            Foreground& foreground,
            RunKey& key,
            RunReport& report) {
  report.ended_at = context.clock.now();
  settle(context, key, report, [&] { return foreground.asked_to_end() != 0; });
  const Ending& ending = report.ending;
  context.exit_code = ending.code();
  if (ending.was_interrupted) context.ends_by_signal = ending.signal;
  if (ending.start_error != 0) {
    context.err << fmt::format("error: can't run {}: {}\n",
                               printable(report.command.front()),
                               std::strerror(ending.start_error));
  } else {
    context.note(printable(cost_line(report, key.view())));
  }
  if (!options.report_file.empty()) {
    write_report(context, options.report_file, to_json(report, key.view()));
  }
}

void run_program(Context& context, const RunOptions& options) {
  if (context.command.empty()) {
    throw Error(Errc::usage,
                "it is not said what to run",
                "for example: nufi run --budget 1 -- python agent.py");
  }
  if (context.json) {
    throw Error(Errc::usage,
                "standard output belongs to the program",
                "the report goes to a file: --json-report FILE");
  }
  if (options.terms.parent.sets() && !options.project.empty()) {
    throw Error(Errc::usage,
                fmt::format("--project goes without --key: the run lies in the project of '{}'",
                            printable(options.terms.parent.value())),
                "leave one of them out");
  }
  check_report_file(options.report_file);
  KeyTerms terms = options.terms;
  RunReport report;
  report.command = context.command;
  if (terms.parent.sets()) report.parent = terms.parent.value();
  if (terms.budget.sets()) {
    terms.budget_period = Change<domain::Period>::set(domain::Period::total);
  } else if (report.parent.empty()) {
    context.note("nufi: no --budget, so only the limits of your account and project hold");
  }
  if (const std::string& around = context.config.run; !around.empty()) {
    context.note(
        fmt::format("nufi: this run is inside another ({}), which does not count its calls",
                    printable(around)));
  }
  const domain::StatusView status = context.client().status();
  const std::string& url = status.inference_url;
  if (!options.report_file.empty()) check_new_file(options.report_file, status.data_dir);

  Foreground foreground;
  RunKey key(context, std::move(terms), options.project, context.command.front());
  report.started_at = report.ended_at = context.clock.now();
  if (const int signal = foreground.asked_to_end(); signal != 0) {
    report.ending.signal = signal;  // before there was a program to end
    context.exit_code = report.ending.code();
    return;
  }
  const Companion companion{.tick = [&] { return key.renew(); },
                            .before_stop = [&] { key.renew_for_long(); },
                            .after_stop = [&] { key.renew(); }};
  context.err.flush();
  report.ending = foreground.run(
      context.command, environment_for(context.environment, url, key.view()), companion);
  finish(context, options, foreground, key, report);
}

}  // namespace

std::vector<std::string> take_command(const CLI::App& root,
                                      std::vector<std::string> arguments,
                                      std::vector<std::string>& command) {
  const auto is_run = [](const CLI::App* app) { return app->get_name() == "run"; };
  const CLI::App* const run = root.get_subcommands(is_run).at(0);
  const CLI::App* at = &root;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const bool is_option = word.size() > 1 && word.front() == '-' && word != "--";
    if (is_option) {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = at->get_option_no_throw(name);
      // Those of nufi itself may stand behind the command.
      if (option == nullptr) option = root.get_option_no_throw(name);
      if (option == nullptr) break;  // the parser says what is wrong with it
      if (option->get_items_expected_min() > 0 && name.size() == word.size()) ++i;
    } else if (at == run) {
      const auto first = arguments.begin() + static_cast<std::ptrdiff_t>(i);
      command.assign(first + (word == "--" ? 1 : 0), arguments.end());
      arguments.erase(first, arguments.end());
      break;
    } else if (word == "run") {
      at = run;
    } else {
      break;
    }
  }
  return arguments;
}

void add_run_command(CLI::App& root, Context& context) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = root.add_subcommand(
      "run", "run a program with a key of its own, which ends with it, and say what it cost");
  KeyTerms& terms = options->terms;
  add_value(*command,
            "--budget",
            "USD",
            "most the run may cost",
            [&terms](const std::string& value, const std::string& option) {
              terms.budget = Change<domain::Money>::set(read_money(value, option));
            });
  add_text(*command,
           "--key",
           "KEY",
           "a key of yours whose limits hold as well: name, id, or unique beginning of an id",
           terms.parent);
  command->add_option("--project", options->project, "the folder its key lies in")
      ->type_name("PROJECT");
  add_list(*command,
           "--model",
           "GLOB",
           "a model it may use, repeatable (default: all)",
           terms.allowed_models);
  add_value(*command,
            "--expires",
            "WHEN",
            "when its key ends at the latest: 2h, 2026-12-31T10:00:00Z",
            [&context, &terms](const std::string& value, const std::string& option) {
              terms.expires_at =
                  Change<Timestamp>::set(read_future(value, option, context.clock.now()));
            });
  add_text(*command, "--name", "NAME", "of its key (default: after the program)", terms.name);
  command
      ->add_option("--json-report",
                   options->report_file,
                   "write how the run ended and what it used to this file")
      ->type_name("FILE");
  command->add_flag("-q,--quiet", context.quiet, "do not say what it cost");
  command
      ->add_option("CMD",
                   options->words,
                   "the program and its arguments; -- before it if it begins with a dash")
      ->type_name("");
  command->callback([&context, options] { run_program(context, *options); });
}

}  // namespace nufi::cli
