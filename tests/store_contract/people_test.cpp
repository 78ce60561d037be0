#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {

using namespace examples;

TEST_CASE("people: an account and its project come back as they were put in") {
  auto under_test = StoreUnderTest::make();
  add_people(under_test->store());

  under_test->reopen();
  auto& people = under_test->store().people();

  const auto expected = account("acct_a", 1000);
  const auto found = people.account_by_uid(1000);
  REQUIRE(found);
  CHECK(found->id == expected.id);
  CHECK(found->username == expected.username);
  CHECK(found->display_name == expected.display_name);
  CHECK(found->email == expected.email);
  CHECK(found->limits == expected.limits);
  CHECK(found->created_at == expected.created_at);
  CHECK_FALSE(people.account_by_uid(1001));
  const auto projects = people.projects();
  REQUIRE(projects.size() == 1);
  CHECK(projects[0].id.text() == "proj_a");
  CHECK(projects[0].account == expected.id);
  CHECK(projects[0].limits.budget == domain::Money::nanos(11));
  CHECK(projects[0].allowed_models == std::vector<std::string>{"gpt-*", "nufi-echo"});
}

TEST_CASE("people: one account per user, together with its project or not at all") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);

  const auto again = account("acct_b", 1000);
  CHECK(error_of([&] {
          store.people().insert_account(
              again, project("proj_b", again.id, "default"), audit("account.create"));
        }) == "conflict: user 1000 already has an account");
  const auto other = account("acct_c", 1001);
  CHECK(error_of([&] {
          store.people().insert_account(
              other, project("proj_a", other.id, "default"), audit("account.create"));
        }) != "");

  CHECK(store.people().accounts().size() == 1);
  CHECK(store.people().projects().size() == 1);
  CHECK(store.audit().newest(10).size() == 1);
}

TEST_CASE("people: an account's profile and limits can be changed") {
  auto under_test = StoreUnderTest::make();
  auto& people = under_test->store().people();
  add_people(under_test->store());
  auto changed = account("acct_a", 1000);
  changed.display_name = "";
  changed.limits = {};

  people.update_account(changed, audit("account.edit"));

  CHECK(people.accounts()[0].display_name.empty());
  CHECK(people.accounts()[0].limits == domain::SpendLimits{});
  changed.id = domain::AccountId("acct_z");
  CHECK(error_of([&] { people.update_account(changed, audit("account.edit")); }) ==
        "not_found: no account has the id acct_z");
}

TEST_CASE("people: project names are taken once per account") {
  auto under_test = StoreUnderTest::make();
  auto& people = under_test->store().people();
  add_people(under_test->store());
  const domain::AccountId owner("acct_a");

  people.insert_project(project("proj_b", owner, "agents"), audit("project.create"));

  CHECK(error_of([&] { people.insert_project(project("proj_c", owner, "agents"), audit("p")); }) ==
        "conflict: a project named 'agents' already exists");
  CHECK(error_of([&] { people.update_project(project("proj_a", owner, "agents"), audit("p")); }) ==
        "conflict: a project named 'agents' already exists");
  CHECK(error_of([&] { people.update_project(project("proj_z", owner, "z"), audit("p")); }) ==
        "not_found: no project has the id proj_z");
  people.update_project(project("proj_b", owner, "scripts"), audit("project.edit"));
  CHECK(people.projects()[1].name == "scripts");
}

TEST_CASE("people: the default group is there from the start, others can be added") {
  auto under_test = StoreUnderTest::make();
  auto& people = under_test->store().people();
  REQUIRE(people.groups().size() == 1);
  CHECK(people.groups()[0].id.text() == "grp_default");
  CHECK(people.groups()[0].name == "default");
  CHECK(people.groups()[0].multiplier == domain::kMultiplierOne);
  domain::Group group;
  group.id = domain::GroupId("grp_b");
  group.name = "team";
  group.multiplier = 1'500'000;
  group.allowed_models = {"gpt-*"};
  group.rpm = 10;
  group.upstreams = {"openai"};
  group.created_at = morning();

  people.insert_group(group, audit("group.create"));
  group.tpm = 1000;
  people.update_group(group, audit("group.edit"));

  const auto out = people.groups().at(1);
  CHECK(out.multiplier == 1'500'000);
  CHECK(out.allowed_models == group.allowed_models);
  CHECK(out.rpm == 10);
  CHECK(out.tpm == 1000);
  CHECK(out.upstreams == group.upstreams);
  group.id = domain::GroupId("grp_c");
  CHECK(error_of([&] { people.insert_group(group, audit("g")); }) ==
        "conflict: a group named 'team' already exists");
  CHECK(error_of([&] { people.update_group(group, audit("g")); }) != "");
}

}  // namespace nufi::store
