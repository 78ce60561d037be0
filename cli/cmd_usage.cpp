#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/local_time.hpp"
#include "cli/options.hpp"
#include "cli/show_budgets.hpp"
#include "cli/show_keys.hpp"
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
  bool days_are_chosen = false;
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

/// The budgets that what is asked about counts in: of one key, of a project and its keys, or of the
/// account and all it has.
std::vector<BudgetLine> budgets_of(Context& context, const UsageOptions& options) {
  api::Client& client = context.client();
  std::vector<BudgetLine> lines;
  const std::string& project = options.query.project;
  if (!options.query.key.empty()) {
    const domain::KeyView key = client.key(options.query.key);
    return {{"key " + key.key.name, key.standing}};
  }
  if (project.empty()) {
    const domain::AccountView account = client.profile(options.query.timezone).account;
    lines.push_back({"account " + account.account.username, account.standing});
    for (const domain::ProjectView& view : client.projects(/*all=*/false)) {
      lines.push_back({"project " + view.project.name, view.standing});
    }
  } else {
    lines.push_back({"project " + project, client.project(project).standing});
  }
  api::KeyQuery keys;
  keys.project = project;
  for (const domain::KeyView& view : client.keys(keys)) {
    if (is_live(view.state)) lines.push_back({"key " + view.key.name, view.standing});
  }
  return lines;
}

void print_budgets(Context& context, const UsageOptions& options) {
  const Table table =
      table_of_budgets(budgets_of(context, options), kTop, context.screen, context.clock.now());
  if (table.empty()) return;
  context.out << '\n';
  table.print(context.out, context.screen);
}

/// "30 days to now", or from when to when.
std::string range_text(const UsageOptions& options, const domain::UsageReport& report) {
  const std::size_t count = report.days.size();
  const std::string days = fmt::format("{} {}", count, count == 1 ? "day" : "days");
  if (!options.query.from || count == 0) return days + " to now";
  return fmt::format("{} to {}, {}", report.days.front().date, report.days.back().date, days);
}

/// Totals, budgets, the days, and the tables a person asks for first.
void print_for_people(Context& context,
                      const UsageOptions& options,
                      const domain::UsageReport& report) {
  context.out << fmt::format("{} ({})\n", range_text(options, report), report.timezone);
  context.print_rows(rows_of_totals(report.totals));
  print_budgets(context, options);
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

/// With --since or --until: from when. --until alone counts the days back from there.
void settle_range(api::UsageQuery& query, bool days_are_chosen, Timestamp now) {
  if (query.from && days_are_chosen) {
    throw Error(Errc::usage, "--days goes without --since", "leave one of them out");
  }
  if (query.from && query.to && *query.to <= *query.from) {
    throw Error(Errc::usage, "--until must be after --since");
  }
  if (query.from && !query.to && *query.from > now) {
    throw Error(Errc::usage, "--since must be a time that is over");
  }
  if (query.from || !query.to) return;
  const TimeZone zone = zone_named(query.timezone);
  const auto last = std::chrono::floor<std::chrono::days>(
      zone.to_local(*query.to - std::chrono::milliseconds(1)));
  query.from = zone.to_utc(last - std::chrono::days(query.days - 1));
}

void usage(Context& context, UsageOptions& options) {
  options.query.timezone = context.config.time_zone;
  settle_range(options.query, options.days_are_chosen, context.clock.now());
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
              options_of->days_are_chosen = true;
            });
  add_value(
      *command,
      "--since",
      "WHEN",
      "from then on: 2h, 7d, 2026-08-01 or 2026-08-01T10:00:00Z",
      [&context, query = &options->query](const std::string& value, const std::string& option) {
        query->from = read_since(value, option, context);
      });
  add_value(
      *command,
      "--until",
      "WHEN",
      "up to then, likewise; a date counts as a whole (default now)",
      [&context, query = &options->query](const std::string& value, const std::string& option) {
        query->to = read_until(value, option, context);
      });
  add_choice(*command,
             "--by",
             "WHAT",
             "model, key, project, group, upstream or day (default model)",
             {"model", "key", "project", "group", "upstream", "day"},
             [options_of = options.get()](const std::string& word) {
               options_of->query.by = word;
               options_of->by_is_chosen = true;
             });
  command->add_option("--key", options->query.key, "only of this key")->type_name("KEY");
  command->add_option("--project", options->query.project, "only of this project")
      ->type_name("PROJECT");
  command->add_flag("--csv", options->csv, "print CSV with a header");
  add_report_options(*command, context);
  command->callback([&context, options] { usage(context, *options); });
}

}  // namespace nufi::cli
