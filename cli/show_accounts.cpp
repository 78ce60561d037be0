#include "cli/show_accounts.hpp"

#include "cli/show_keys.hpp"

#include <nlohmann/json.hpp>

namespace nufi::cli {

using domain::AccountView;
using domain::Money;

namespace {

Cell role_cell(const AccountView& view) {
  return text_cell(view.role == domain::Role::admin ? "admin" : "member");
}

}  // namespace

Listing list_of_accounts(const std::vector<AccountView>& accounts) {
  Listing listing{items_of(accounts),
                  {},
                  Table({{.title = "ACCOUNT", .shrinks_to = 12},
                         {.title = "ROLE", .rank = 2},
                         {.title = "SPENT", .align = Align::point},
                         {.title = "BUDGET", .align = Align::point},
                         {.title = "LEFT", .align = Align::point, .rank = 4},
                         {.title = "NAME", .rank = 3, .shrinks_to = 10},
                         {.title = "E-MAIL", .rank = 1, .shrinks_to = 12},
                         {.title = "ID", .only_raw = true},
                         {.title = "BUDGET PERIOD", .only_raw = true}}),
                  "no accounts"};
  for (const AccountView& view : accounts) {
    const domain::Account& account = view.account;
    listing.ids.push_back(account.id.text());
    listing.table.add(
        {text_cell(account.username, Tone::strong),
         role_cell(view),
         money_cell(Money::nanos(view.standing.usd.spent)),
         budget_cell(view.standing.limits),
         remaining_cell(view.standing),
         text_cell(account.display_name),
         text_cell(account.email),
         text_cell(account.id.text()),
         text_cell(std::string(domain::period_name(view.standing.limits.budget_period)))});
  }
  return listing;
}

Context::Rows rows_of_account(const AccountView& view, Timestamp now) {
  const domain::Account& account = view.account;
  Context::Rows rows{{"account", text_cell(account.username, Tone::strong)},
                     {"id", text_cell(account.id.text())},
                     {"name", text_cell(account.display_name)},
                     {"e-mail", text_cell(account.email)},
                     {"role", role_cell(view)}};
  add_standing_rows(rows, view.standing, now);
  rows.emplace_back("since", ago_cell(account.created_at, now));
  return rows;
}

}  // namespace nufi::cli
