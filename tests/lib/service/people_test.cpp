#include "lib/service/people.hpp"

#include "lib/service/settings.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using domain::AccountTerms;
using domain::Change;
using domain::Money;
using domain::Period;
using test::ControlPlane;
using test::failure_of;

TEST_CASE("people: the first use makes the account with its default project") {
  const ControlPlane plane;
  const Actor owner = plane.owner();
  CHECK(owner.username == "ada");
  CHECK(owner.is_admin());
  CHECK(plane.owner().account == owner.account);
  REQUIRE(plane.data_plane.world.accounts.size() == 1);
  REQUIRE(plane.data_plane.world.projects.size() == 1);
  CHECK(plane.data_plane.world.projects[0].name == "default");
  CHECK(plane.data_plane.world.groups.size() == 1);
}

TEST_CASE("people: a new account gets the default budget of the settings") {
  const ControlPlane plane;
  change_settings(plane.context(),
                  plane.owner(),
                  {{"default_budget_usd", "20"},
                   {"default_budget_period", "week"},
                   {"default_token_limit", "1000"},
                   {"default_token_limit_period", "hour"}});
  const Actor root = admit(plane.context(), 0);
  const auto view = show_account(plane.context(), plane.owner(), root.account.text());
  CHECK(view.account.limits.budget == domain::parse_usd("20"));
  CHECK(view.account.limits.budget_period == Period::week);
  CHECK(view.account.limits.token_limit == 1000);
  CHECK(view.account.limits.token_period == Period::hour);
  CHECK(view.account.username == "uid-0");
}

TEST_CASE("people: only the owner and root are let in") {
  const ControlPlane plane;
  CHECK(failure_of([&] { admit(plane.context(), 1001); }) ==
        "not_permitted: this nufid belongs to another user");
  CHECK(admit(plane.context(), 0).is_admin());
}

TEST_CASE("people: a profile changes name and e-mail, never a budget") {
  const ControlPlane plane;
  AccountTerms terms;
  terms.display_name = Change<std::string>::set("Ada Lovelace");
  terms.email = Change<std::string>::set("ada@example.org");
  const auto profile = edit_profile(plane.context(), plane.owner(), terms);
  CHECK(profile.account.account.display_name == "Ada Lovelace");
  CHECK(profile.account.account.email == "ada@example.org");
  CHECK(profile.week.days.size() == 7);

  AccountTerms richer;
  richer.budget = Change<Money>::set(Money::max());
  CHECK(failure_of([&] {
          edit_profile(plane.context(), plane.owner(), richer);
        }).starts_with("not_permitted"));
  AccountTerms wrong;
  wrong.email = Change<std::string>::set("not an address");
  CHECK(failure_of([&] { edit_profile(plane.context(), plane.owner(), wrong); }) ==
        "invalid: email must be an address");
}

TEST_CASE("people: an admin sets an account's budget, and calls feel it") {
  const ControlPlane plane;
  const Actor owner = plane.owner();
  AccountTerms terms;
  terms.budget = Change<Money>::set(*domain::parse_usd("7"));
  terms.budget_period = Change<Period>::set(Period::day);
  const auto edited = edit_account(plane.context(), owner, "ada", terms);
  CHECK(edited.standing.limits.budget == domain::parse_usd("7"));
  REQUIRE(plane.data_plane.world.accounts.size() == 1);
  CHECK(plane.data_plane.world.accounts[0].limits.budget == domain::parse_usd("7"));
  CHECK(failure_of([&] {
          edit_account(plane.context(), plane.member(), "ada", terms);
        }).starts_with("not_permitted"));
  CHECK(failure_of([&] { show_account(plane.context(), owner, "adda"); }) ==
        "not_found: there is no account called 'adda'");
}

TEST_CASE("people: a system-wide daemon lets everybody in, and its admin group are admins") {
  const ControlPlane plane;
  const Context everyone = plane.system_context();
  const Actor member = admit(everyone, 1001);
  CHECK(member.username == "mia");
  CHECK_FALSE(member.is_admin());
  CHECK(admit(everyone, 1002).is_admin());
  CHECK(admit(everyone, 0).is_admin());
  const Actor nameless = admit(everyone, 4242);
  CHECK(nameless.username == "uid-4242");
  CHECK_FALSE(nameless.is_admin());
  CHECK(admit(everyone, 4242).account == nameless.account);
  const auto accounts = list_accounts(everyone, admit(everyone, 0));
  REQUIRE(accounts.size() == 4);
  for (const auto& view : accounts) {
    const bool is_admin = view.account.uid == 0 || view.account.uid == 1002;
    CHECK(view.role == (is_admin ? domain::Role::admin : domain::Role::member));
  }
}

TEST_CASE("people: a member has its profile, and no say about accounts") {
  const ControlPlane plane;
  const Actor member = plane.member();
  AccountTerms terms;
  terms.display_name = Change<std::string>::set("Mia");
  CHECK(edit_profile(plane.context(), member, terms).account.account.display_name == "Mia");
  CHECK(failure_of([&] { list_accounts(plane.context(), member); }).starts_with("not_permitted"));
  CHECK(failure_of([&] {
          show_account(plane.context(), member, "mia");
        }).starts_with("not_permitted"));
  AccountTerms reset;
  reset.reset_spend = true;
  CHECK(failure_of([&] {
          edit_profile(plane.context(), member, reset);
        }).starts_with("not_permitted"));
}

TEST_CASE("people: a login name of two users is ambiguous") {
  const ControlPlane plane;
  Context everyone = plane.system_context();
  const Actor first = admit(everyone, 1001);
  everyone.username_of = [](std::int64_t) { return "mia"; };
  admit(everyone, 5001);
  CHECK(failure_of([&] { show_account(everyone, plane.owner(), "mia"); }) ==
        "ambiguous: 'mia' can mean 2 accounts");
  CHECK(show_account(everyone, plane.owner(), first.account.text()).account.uid == 1001);
}
