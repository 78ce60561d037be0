#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/progress.hpp"
#include "cli/show_prices.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace nufi::cli {

namespace {

std::string summary_of(const domain::RepriceSums& sums) {
  return fmt::format("{} of {} calls: {} -> {}",
                     human_count(sums.changed),
                     human_count(sums.rows),
                     human_money(sums.old_cost),
                     human_money(sums.new_cost));
}

domain::RepriceReport look(Context& context, const domain::RepriceTerms& terms) {
  Progress progress(context, "nothing was charged anew");
  const std::string what = "computing costs";
  progress.show(what);
  return context.client().reprice(terms, [&](const domain::RepriceReport& report) {
    progress.show(fmt::format("{} of {} calls", what, human_count(report.totals.rows)));
  });
}

/// `rows`: how many calls there are to go through.
domain::RepriceReport apply(Context& context,
                            const domain::RepriceTerms& terms,
                            std::int64_t rows) {
  Progress progress(context,
                    "some calls are charged anew, later ones are not: the same command goes on");
  progress.show("charging anew", 0, rows);
  return context.client().reprice(terms, [&](const domain::RepriceReport& report) {
    progress.show("charging anew", report.totals.rows, rows);
  });
}

void reprice(Context& context, domain::RepriceTerms terms, bool dry_run) {
  terms.dry_run = true;
  domain::RepriceReport report = look(context, terms);
  // The same calls again, and none that came since.
  terms.until = report.to;
  terms.dry_run = false;
  const bool will_apply = report.totals.changed > 0 && !dry_run;
  if (will_apply && !(context.json && context.yes)) {
    if (!context.json && !context.quiet) context.print(list_of_reprice(report));
    context.note(summary_of(report.totals));
    context.confirm("charge them anew");
  }
  if (will_apply) report = apply(context, terms, report.totals.rows);
  if (context.json) {
    context.print_json(api::to_json(report));
  } else if (!will_apply) {
    context.print(list_of_reprice(report));
    context.note(summary_of(report.totals));
  }
  if (report.applied) context.note("charged anew");
}

}  // namespace

void add_reprice_command(CLI::App& root, Context& context) {
  struct Options {
    domain::RepriceTerms terms;
    bool dry_run = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = root.add_subcommand(
      "reprice", "charge calls of the past anew, at the prices that are in force now");
  domain::RepriceTerms& terms = options->terms;
  add_value(*command,
            "--since",
            "WHEN",
            "2h, 7d, 2026-08-01 or 2026-08-01T10:00:00Z",
            [&context, &terms](const std::string& value, const std::string& option) {
              terms.since = read_since(value, option, context);
            })
      ->required();
  add_value(*command,
            "--until",
            "WHEN",
            "likewise; a date counts as a whole (default now)",
            [&context, &terms](const std::string& value, const std::string& option) {
              terms.until = read_until(value, option, context);
            });
  command->add_option("--model", terms.model, "only of this model")->type_name("MODEL");
  command->add_flag("--dry-run", options->dry_run, "only show the difference");
  add_output_options(*command, context);
  add_yes_option(*command, context);
  command->callback([&context, options] { reprice(context, options->terms, options->dry_run); });
}

}  // namespace nufi::cli
