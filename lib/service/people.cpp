#include "lib/service/people.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/reports.hpp"
#include "lib/service/settings.hpp"
#include "lib/service/spending.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace nufi::service {

namespace {

constexpr std::size_t kLongestDisplayName = 128;
constexpr std::size_t kLongestEmail = 254;

bool has_control_character(std::string_view text) {
  return std::any_of(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

void check_profile(const domain::AccountTerms& terms) {
  if (terms.display_name.sets()) {
    const std::string& name = terms.display_name.value();
    if (name.size() > kLongestDisplayName || has_control_character(name)) {
      throw Error(Errc::invalid, "name must be printable and not longer than 128 bytes");
    }
  }
  if (terms.email.sets() && !terms.email.value().empty()) {
    const std::string& email = terms.email.value();
    const auto at = email.find('@');
    if (email.size() > kLongestEmail || has_control_character(email) ||
        email.find(' ') != std::string::npos || at == std::string::npos || at == 0 ||
        at + 1 == email.size() || email.find('@', at + 1) != std::string::npos) {
      throw Error(Errc::invalid, "email must be an address", "for example ada@example.org");
    }
  }
}

domain::Role role_of(const Context& context, std::int64_t uid) {
  const bool is_owner = uid == context.facts.owner_uid || uid == 0;
  const bool is_admin = is_owner || (context.facts.is_system && context.is_in_admin_group(uid));
  return is_admin ? domain::Role::admin : domain::Role::member;
}

Facts facts_of(const domain::Account& account) {
  Facts facts;
  facts.text("username", account.username)
      .number("uid", account.uid)
      .text("name", account.display_name)
      .text("email", account.email);
  return facts.limits(account.limits);
}

Actor actor_of(const Context& context, const domain::Account& account) {
  return {.uid = account.uid,
          .account = account.id,
          .username = account.username,
          .role = role_of(context, account.uid)};
}

domain::Account make_account(const Context& context, std::int64_t uid) {
  const SettingValues settings = read_settings(context.store.settings());
  domain::Account account;
  account.id = domain::AccountId::random();
  account.uid = uid;
  account.username = context.username_of(uid);
  if (account.username.empty()) account.username = fmt::format("uid-{}", uid);
  account.limits.budget = settings.default_budget;
  account.limits.budget_period = settings.default_budget_period;
  account.limits.token_limit = settings.default_token_limit;
  account.limits.token_period = settings.default_token_limit_period;
  account.created_at = context.clock.now();
  domain::Project project;
  project.id = domain::ProjectId::random();
  project.account = account.id;
  project.name = "default";
  project.created_at = account.created_at;
  context.store.people().insert_account(account,
                                        project,
                                        audit_change(context,
                                                     actor_of(context, account),
                                                     "account.create",
                                                     {account.id.text(), account.username},
                                                     {},
                                                     facts_of(account)));
  start_windows(context.ledger, domain::Scope::account, account.id.text(), account.limits);
  start_windows(context.ledger, domain::Scope::project, project.id.text(), project.limits);
  context.publisher.publish_world();
  return account;
}

domain::Account find_account(const Context& context, std::string_view word) {
  std::vector<domain::Account> found;
  std::vector<std::string> names;
  for (domain::Account& account : context.store.people().accounts()) {
    names.push_back(account.username);
    if (account.id.text() == word) return std::move(account);
    if (account.username == word) found.push_back(std::move(account));
  }
  if (found.size() == 1) return std::move(found.front());
  if (found.size() > 1) {
    // A login name can come back with another uid.
    std::string ids;
    for (const domain::Account& account : found) {
      ids += fmt::format("{}{} (uid {})", ids.empty() ? "" : ", ", account.id.text(), account.uid);
    }
    throw Error(Errc::ambiguous,
                fmt::format("'{}' can mean {} accounts", word, found.size()),
                "name one by its id: " + ids);
  }
  const auto near = closest(word, names);
  throw Error(Errc::not_found,
              fmt::format("there is no account called '{}'", word),
              near ? "did you mean " + *near : "see all of them with: nufi accounts list");
}

/// Writes and publishes what `terms` change of `account`. Call with the lock of changes held.
domain::Account change_account(const Context& context,
                               const Actor& actor,
                               domain::Account account,
                               const domain::AccountTerms& terms) {
  check_profile(terms);
  const domain::Account old = account;
  terms.display_name.apply_to(account.display_name);
  terms.email.apply_to(account.email);
  apply(SpendTerms{terms.budget, terms.budget_period, terms.token_limit, terms.token_limit_period},
        account.limits);
  const Facts before = facts_of(old);
  const Facts after = facts_of(account);
  const AuditSubject subject{account.id.text(), account.username};
  if (before != after) {
    context.store.people().update_account(
        account, audit_change(context, actor, "account.edit", subject, before, after));
    start_new_windows(
        context.ledger, domain::Scope::account, subject.id, old.limits, account.limits);
    context.publisher.publish_world();
  }
  if (terms.reset_spend) {
    reset_spend(
        context, actor, "account.reset_spend", domain::Scope::account, subject, account.limits);
  }
  return account;
}

}  // namespace

Actor admit(const Context& context, std::int64_t uid) {
  // A daemon of one user serves nobody else.
  if (!context.facts.is_system && role_of(context, uid) != domain::Role::admin) {
    throw Error(
        Errc::not_permitted, "this nufid belongs to another user", "start your own with: nufi up");
  }
  if (const auto account = context.store.people().account_by_uid(uid)) {
    return actor_of(context, *account);
  }
  const std::lock_guard lock(context.changes);
  // Another request of the same user may have made it meanwhile.
  if (const auto account = context.store.people().account_by_uid(uid)) {
    return actor_of(context, *account);
  }
  return actor_of(context, make_account(context, uid));
}

domain::Account account_of(const Context& context, const Actor& actor) {
  if (auto account = context.store.people().account_by_uid(actor.uid)) return *std::move(account);
  throw Error(Errc::not_found, "this account is gone");
}

domain::AccountView account_view(const Context& context, domain::Account account) {
  domain::AccountView view;
  view.role = role_of(context, account.uid);
  view.standing =
      standing_of(context.ledger, domain::Scope::account, account.id.text(), account.limits);
  view.account = std::move(account);
  return view;
}

domain::ProfileView show_profile(const Context& context,
                                 const Actor& actor,
                                 const std::string& timezone) {
  UsageQuery week;
  week.timezone = timezone;
  week.days = 7;
  week.by = "key";
  week.only_own = true;
  return {.account = account_view(context, account_of(context, actor)),
          .week = report_usage(context, actor, week)};
}

domain::ProfileView edit_profile(const Context& context,
                                 const Actor& actor,
                                 const domain::AccountTerms& terms) {
  if (!terms.budget.keeps() || !terms.budget_period.keeps() || !terms.token_limit.keeps() ||
      !terms.token_limit_period.keeps() || terms.reset_spend) {
    throw Error(Errc::not_permitted,
                "a profile holds name and e-mail only",
                "an admin sets budgets with: nufi accounts edit");
  }
  {
    const std::lock_guard lock(context.changes);
    change_account(context, actor, account_of(context, actor), terms);
  }
  return show_profile(context, actor);
}

std::vector<domain::AccountView> list_accounts(const Context& context, const Actor& actor) {
  require_admin(actor, "see accounts");
  std::vector<domain::AccountView> views;
  for (domain::Account& account : context.store.people().accounts()) {
    views.push_back(account_view(context, std::move(account)));
  }
  return views;
}

domain::AccountView show_account(const Context& context,
                                 const Actor& actor,
                                 std::string_view word) {
  require_admin(actor, "see accounts");
  return account_view(context, find_account(context, word));
}

domain::AccountView edit_account(const Context& context,
                                 const Actor& actor,
                                 std::string_view word,
                                 const domain::AccountTerms& terms) {
  require_admin(actor, "edit accounts");
  const std::lock_guard lock(context.changes);
  return account_view(context, change_account(context, actor, find_account(context, word), terms));
}

}  // namespace nufi::service
