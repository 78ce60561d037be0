#include "lib/service/keys.hpp"

#include "lib/base/text.hpp"
#include "lib/service/people.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using domain::Change;
using domain::KeyState;
using domain::KeyTerms;
using domain::Money;
using domain::Period;
using test::ControlPlane;
using test::failure_of;

namespace {

KeyTerms named(const std::string& name) {
  KeyTerms terms;
  terms.name = Change<std::string>::set(name);
  return terms;
}

domain::KeyView make(const ControlPlane& plane, const KeyTerms& terms) {
  return create_key(plane.context(), plane.owner(), "default", terms);
}

}  // namespace

TEST_CASE("keys: the key itself is shown once, and only its digest is kept") {
  const ControlPlane plane;
  const auto made = make(plane, named("laptop"));
  REQUIRE(made.secret);
  CHECK(domain::is_well_formed_key(made.secret->expose()));
  CHECK(made.key.digest == sha256(made.secret->expose()));
  CHECK(made.account == "ada");
  CHECK(made.project == "default");
  CHECK(made.group == "default");
  CHECK(made.state == KeyState::active);
  CHECK_FALSE(show_key(plane.context(), plane.owner(), "laptop").secret);
}

TEST_CASE("keys: a new key reaches the data plane before it is shown") {
  const ControlPlane plane;
  const auto made = make(plane, named("laptop"));
  REQUIRE(plane.data_plane.keys.contains(made.key.id));
  CHECK(plane.data_plane.keys.at(made.key.id).digest == made.key.digest);
}

TEST_CASE("keys: one live key per name, and a revoked one gives its name back") {
  const ControlPlane plane;
  const auto first = make(plane, named("laptop"));
  CHECK(failure_of([&] { make(plane, named("laptop")); }).starts_with("conflict"));
  revoke_key(plane.context(), plane.owner(), "laptop");
  const auto second = make(plane, named("laptop"));
  CHECK(second.key.id != first.key.id);
  CHECK(find_key(plane.context(), plane.owner(), "laptop").id == second.key.id);
}

TEST_CASE("keys: a key is found by name, id and unique prefix of its id") {
  const ControlPlane plane;
  const auto one = make(plane, named("one"));
  const auto two = make(plane, named("two"));
  const Actor owner = plane.owner();
  CHECK(find_key(plane.context(), owner, "one").id == one.key.id);
  CHECK(find_key(plane.context(), owner, two.key.id.text()).id == two.key.id);
  CHECK(find_key(plane.context(), owner, two.key.id.text().substr(0, 15)).id == two.key.id);
  CHECK(failure_of([&] { find_key(plane.context(), owner, "key_"); }) ==
        "ambiguous: 'key_' can mean 2 keys");
  CHECK(failure_of([&] { find_key(plane.context(), owner, "three"); }) ==
        "not_found: there is no key 'three'");
  try {
    find_key(plane.context(), owner, "onee");
  } catch (const Error& error) {
    CHECK(error.hint() == "did you mean one");
  }
  CHECK(failure_of([&] { find_key(plane.context(), owner, ""); }).starts_with("not_found"));
}

TEST_CASE("keys: an edit changes what it names and nothing else") {
  const ControlPlane plane;
  KeyTerms terms = named("laptop");
  terms.budget = Change<Money>::set(*domain::parse_usd("5"));
  terms.rpm = Change<std::int64_t>::set(60);
  make(plane, terms);

  KeyTerms edit;
  edit.budget_period = Change<Period>::set(Period::week);
  edit.rpm = Change<std::int64_t>::clear();
  const auto edited = edit_key(plane.context(), plane.owner(), "laptop", edit);
  CHECK(edited.key.name == "laptop");
  CHECK(edited.key.limits.budget == domain::parse_usd("5"));
  CHECK(edited.key.limits.budget_period == Period::week);
  CHECK_FALSE(edited.key.rpm);
  CHECK(plane.data_plane.keys.at(edited.key.id).limits.budget_period == Period::week);
}

TEST_CASE("keys: a cleared period is a month again") {
  const ControlPlane plane;
  KeyTerms terms = named("laptop");
  terms.budget_period = Change<Period>::set(Period::total);
  make(plane, terms);
  KeyTerms edit;
  edit.budget_period = Change<Period>::clear();
  CHECK(edit_key(plane.context(), plane.owner(), "laptop", edit).key.limits.budget_period ==
        Period::month);
}

TEST_CASE("keys: a new period counts what was spent since its cycle began") {
  const ControlPlane plane;
  const auto made = make(plane, named("laptop"));
  plane.call(made.key, *domain::parse_usd("1.25"));
  KeyTerms edit;
  edit.budget_period = Change<Period>::set(Period::day);
  const auto edited = edit_key(plane.context(), plane.owner(), "laptop", edit);
  CHECK(edited.standing.usd.spent == domain::parse_usd("1.25")->nanos());
}

TEST_CASE("keys: disable, enable and revoke are felt at once, and revoked is for good") {
  const ControlPlane plane;
  const auto made = make(plane, named("laptop"));
  const Actor owner = plane.owner();
  CHECK(disable_key(plane.context(), owner, "laptop").state == KeyState::disabled);
  CHECK(plane.data_plane.keys.at(made.key.id).disabled);
  CHECK(enable_key(plane.context(), owner, "laptop").state == KeyState::active);
  CHECK(revoke_key(plane.context(), owner, "laptop").state == KeyState::revoked);
  CHECK(plane.data_plane.keys.at(made.key.id).revoked_at);
  CHECK(revoke_key(plane.context(), owner, "laptop").state == KeyState::revoked);
  CHECK(failure_of([&] { enable_key(plane.context(), owner, "laptop"); }).starts_with("conflict"));
  CHECK(failure_of([&] {
          edit_key(plane.context(), owner, "laptop", named("x"));
        }).starts_with("conflict"));
}

TEST_CASE("keys: a total budget that is used up makes the key exhausted") {
  const ControlPlane plane;
  KeyTerms terms = named("laptop");
  terms.budget = Change<Money>::set(*domain::parse_usd("1"));
  terms.budget_period = Change<Period>::set(Period::total);
  const auto made = make(plane, terms);
  plane.call(made.key, *domain::parse_usd("1"));
  CHECK(show_key(plane.context(), plane.owner(), "laptop").state == KeyState::exhausted);
}

TEST_CASE("keys: a key expires by itself") {
  ControlPlane plane;
  KeyTerms terms = named("laptop");
  terms.expires_at = Change<Timestamp>::set(plane.clock.now() + std::chrono::hours(1));
  make(plane, terms);
  plane.clock.advance(std::chrono::hours(1));
  CHECK(show_key(plane.context(), plane.owner(), "laptop").state == KeyState::expired);
}

TEST_CASE("keys: a wish that can't be is refused naming the field") {
  const ControlPlane plane;
  KeyTerms terms = named("laptop");
  std::string field;
  SUBCASE("no name") {
    terms.name = {};
    field = "a key needs a name";
  }
  SUBCASE("bad name") {
    terms.name = Change<std::string>::set(" x");
    field = "name";
  }
  SUBCASE("a name like an id") {
    terms.name = Change<std::string>::set("key_x");
    field = "name";
  }
  SUBCASE("negative budget") {
    terms.budget = Change<Money>::set(Money::nanos(-1));
    field = "budget_usd";
  }
  SUBCASE("budget per hour") {
    terms.budget_period = Change<Period>::set(Period::hour);
    field = "budget_period";
  }
  SUBCASE("zero requests per minute") {
    terms.rpm = Change<std::int64_t>::set(0);
    field = "rpm";
  }
  SUBCASE("no CIDR") {
    terms.allowed_ips = Change<std::vector<std::string>>::set({"10.0.0.0/33"});
    field = "allowed_ips";
  }
  SUBCASE("empty model") {
    terms.allowed_models = Change<std::vector<std::string>>::set({""});
    field = "allowed_models";
  }
  SUBCASE("expiry in the past") {
    terms.expires_at = Change<Timestamp>::set(plane.clock.now());
    field = "expires_at";
  }
  CHECK(failure_of([&] { make(plane, terms); }).starts_with("invalid: " + field));
  CHECK(list_keys(plane.context(), plane.owner(), {}).data.empty());
}

TEST_CASE("keys: unknown projects and groups are not found") {
  const ControlPlane plane;
  CHECK(failure_of([&] { create_key(plane.context(), plane.owner(), "defualt", named("a")); }) ==
        "not_found: there is no project called 'defualt'");
  try {
    create_key(plane.context(), plane.owner(), "zzzzzzzzzz", named("a"));
  } catch (const Error& error) {
    CHECK(error.hint() == "see them all: nufi projects list");
  }
  KeyTerms terms = named("a");
  terms.group = Change<std::string>::set("gold");
  CHECK(failure_of([&] { make(plane, terms); }) == "not_found: there is no group called 'gold'");
}

TEST_CASE("keys: a list comes in pages, oldest first") {
  ControlPlane plane;
  for (const char* name : {"a", "b", "c"}) {
    make(plane, named(name));
    plane.clock.advance(std::chrono::seconds(1));
  }
  KeyQuery query;
  query.limit = 2;
  const auto first = list_keys(plane.context(), plane.owner(), query);
  REQUIRE(first.data.size() == 2);
  CHECK(first.data[0].key.name == "a");
  CHECK_FALSE(first.next.empty());
  query.after = first.next;
  const auto second = list_keys(plane.context(), plane.owner(), query);
  REQUIRE(second.data.size() == 1);
  CHECK(second.data[0].key.name == "c");
  CHECK(second.next.empty());
}

TEST_CASE("keys: a member neither sees nor touches the keys of others") {
  const ControlPlane plane;
  make(plane, named("laptop"));
  const Actor member = plane.member();
  KeyQuery query;
  query.everyone = true;
  CHECK(list_keys(plane.context(), member, {}).data.empty());
  CHECK(
      failure_of([&] { list_keys(plane.context(), member, query); }).starts_with("not_permitted"));
  CHECK(
      failure_of([&] { revoke_key(plane.context(), member, "laptop"); }).starts_with("not_found"));
}

TEST_CASE("keys: an admin reaches everyone's keys, its own first") {
  const ControlPlane plane;
  const Actor root = admit(plane.context(), 0);
  const auto theirs = create_key(plane.context(), root, "default", named("shared"));
  CHECK(find_key(plane.context(), plane.owner(), "shared").id == theirs.key.id);
  const auto own = make(plane, named("shared"));
  CHECK(find_key(plane.context(), plane.owner(), "shared").id == own.key.id);
}

TEST_CASE("keys: every change is in the audit log, without the key") {
  const ControlPlane plane;
  const auto made = make(plane, named("laptop"));
  disable_key(plane.context(), plane.owner(), "laptop");
  disable_key(plane.context(), plane.owner(), "laptop");
  const auto entries = plane.context().store.audit().newest(10);
  REQUIRE(entries.size() == 3);
  CHECK(entries[0].action == "key.disable");
  CHECK(entries[1].action == "key.create");
  CHECK(entries[1].uid == 1000);
  CHECK(entries[1].after.find(made.secret->expose()) == std::string::npos);
  CHECK(entries[2].action == "account.create");
}
