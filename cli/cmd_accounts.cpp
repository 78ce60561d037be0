#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_accounts.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace nufi::cli {

using domain::AccountTerms;
using domain::AccountView;

namespace {

const Naming kNaming{"ACCOUNT", "login name or id"};

}  // namespace

void add_accounts_commands(CLI::App& root, Context& context) {
  CLI::App& accounts = *root.add_subcommand("accounts", "people and their budgets (admin)");
  accounts.require_subcommand(1);
  CLI::App* list = accounts.add_subcommand("list", "all accounts");
  add_output_options(*list, context);
  list->callback([&context] { context.print(list_of_accounts(context.client().accounts())); });
  auto account = std::make_shared<std::string>();
  add_verb(accounts, context, "show", "everything about one", kNaming, *account)
      ->callback([&context, account] {
        const AccountView view = context.client().account(*account);
        context.print(
            api::to_json(view), view.account.id.text(), rows_of_account(view, context.clock.now()));
      });
  auto terms = std::make_shared<AccountTerms>();
  CLI::App* edit = add_verb(accounts, context, "edit", "change its budget", kNaming, *account);
  add_limit_options(*edit, *terms);
  add_reset_spend_option(*edit, *terms);
  edit->callback([&context, account, terms] {
    require_change(api::to_json(*terms), "nufi accounts edit");
    const AccountView view = context.client().edit_account(*account, *terms);
    context.print_done(api::to_json(view),
                       view.account.id.text(),
                       fmt::format("account '{}' changed", view.account.username));
  });
}

}  // namespace nufi::cli
