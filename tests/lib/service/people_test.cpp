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
                  {{"default_budget_usd", "20"}, {"default_budget_period", "week"}});
  const Actor root = admit(plane.context(), 0);
  const auto view = show_account(plane.context(), plane.owner(), root.account.text());
  CHECK(view.account.limits.budget == domain::parse_usd("20"));
  CHECK(view.account.limits.budget_period == Period::week);
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
