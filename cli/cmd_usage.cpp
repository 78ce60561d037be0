#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_usage.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace nufi::cli {

namespace {

constexpr std::int64_t kMostDays = 3660;
constexpr std::size_t kTop = 10;

struct UsageOptions {
  api::UsageQuery query;
  bool by_is_chosen = false;
  bool csv = false;
};

void print_table(const Context& context,
                 const std::string& what,
                 domain::UsageReport report,
                 bool only_top) {
  const bool has_more = only_top && report.by.size() > kTop;
  if (has_more) report.by.resize(kTop);
  const Table table = table_of_report(report);
  if (table.empty()) return;
  context.out << '\n';
  table.print(context.out, context.screen);
  if (has_more) context.out << fmt::format("and more: nufi usage --by {}\n", what);
}

/// Totals, the days, and the tables a person asks for first.
void print_for_people(Context& context,
                      const UsageOptions& options,
                      const domain::UsageReport& report) {
  context.out << fmt::format("{} {} to now ({})\n",
                             options.query.days,
                             options.query.days == 1 ? "day" : "days",
                             report.timezone);
  context.print_rows(rows_of_totals(report.totals));
  if (report.totals.requests == 0 && report.totals.refused == 0) return;
  context.out << '\n';
  print_chart(context, report);
  if (options.by_is_chosen) {
    print_table(context, options.query.by, report, /*only_top=*/false);
    return;
  }
  print_table(context, "model", report, /*only_top=*/true);
  api::UsageQuery keys = options.query;
  keys.by = "key";
  keys.top = static_cast<int>(kTop) + 1;
  print_table(context, "key", context.client().usage(keys), /*only_top=*/true);
}

void usage(Context& context, const UsageOptions& options) {
  const domain::UsageReport report = context.client().usage(options.query);
  if (context.json) {
    context.print_json(api::to_json(report));
  } else if (options.csv) {
    table_of_report(report).print_csv(context.out);
  } else if (context.screen.is_terminal) {
    print_for_people(context, options, report);
  } else {
    table_of_report(report).print_tsv(context.out);
  }
}

}  // namespace

void add_usage_command(CLI::App& root, Context& context) {
  auto options = std::make_shared<UsageOptions>();
  CLI::App* command = root.add_subcommand("usage", "what was spent, on what, and by which key");
  add_value(*command,
            "--days",
            "N",
            "so many days, today included (default 30)",
            [options_of = options.get()](const std::string& value, const std::string& option) {
              const std::int64_t days = read_count(value, option);
              if (days > kMostDays) {
                throw Error(Errc::usage, option + " must be at most " + std::to_string(kMostDays));
              }
              options_of->query.days = static_cast<int>(days);
            });
  add_value(*command,
            "--by",
            "WHAT",
            "model, key, project, group, upstream or day (default model)",
            [options_of = options.get()](const std::string& value, const std::string& option) {
              options_of->query.by =
                  read_word(value, option, {"model", "key", "project", "group", "upstream", "day"});
              options_of->by_is_chosen = true;
            });
  command->add_option("--key", options->query.key, "only of this key")->type_name("KEY");
  command->add_option("--project", options->query.project, "only of this project")
      ->type_name("PROJECT");
  command->add_flag("--csv", options->csv, "print CSV with a header");
  add_json_option(*command, context);
  command->callback([&context, options] { usage(context, *options); });
}

}  // namespace nufi::cli
