#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_accounts.hpp"
#include "cli/show_budgets.hpp"
#include "cli/show_usage.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>

namespace nufi::cli {

using domain::AccountTerms;
using domain::Change;

namespace {

void show(Context& context) {
  const domain::ProfileView view = context.client().profile(context.config.time_zone);
  const std::string& id = view.account.account.id.text();
  const Timestamp now = context.clock.now();
  const auto rows = rows_of_account(view.account, now);
  context.print(api::to_json(view), id, rows);
  if (context.json || context.quiet || !context.screen.is_terminal) return;
  const Table budget = table_of_budgets(
      {{view.account.account.username, view.account.standing}}, 1, context.screen, now);
  if (!budget.empty()) {
    context.out << '\n';
    budget.print(context.out, context.screen);
  }
  context.out << "\nthe last 7 days\n";
  context.print_rows(rows_of_totals(view.week.totals));
  if (view.week.totals.requests == 0) return;
  context.out << '\n';
  print_chart(context, view.week);
  context.out << '\n';
  table_of_totals("KEY", view.week.by).print(context.out, context.screen);
}

void add_set(CLI::App& profile, Context& context) {
  auto terms = std::make_shared<AccountTerms>();
  CLI::App* command = profile.add_subcommand("set", "change your name or e-mail");
  const auto text = [&command](const char* name, const char* help, Change<std::string>& field) {
    add_value(*command, name, "TEXT", help, [&field](const std::string& value, const std::string&) {
      field = value == "none" ? Change<std::string>::clear() : Change<std::string>::set(value);
    });
  };
  text("--name", "your name, or none", terms->display_name);
  text("--email", "your e-mail, or none", terms->email);
  add_output_options(*command, context);
  command->callback([&context, terms] {
    require_change(api::to_json(*terms), "nufi profile set");
    api::Client& client = context.client();
    client.edit_profile(*terms);
    const domain::ProfileView view = client.profile();
    context.print_done(
        api::to_json(view.account), view.account.account.id.text(), "profile changed");
  });
}

}  // namespace

void add_profile_commands(CLI::App& root, Context& context) {
  CLI::App* profile = root.add_subcommand("profile", "your name, budget and last 7 days");
  profile->require_subcommand(0, 1);
  add_output_options(*profile, context);
  add_set(*profile, context);
  profile->callback([&context, profile] {
    if (profile->get_subcommands().empty()) show(context);
  });
}

}  // namespace nufi::cli
