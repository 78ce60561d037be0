#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

#include <map>

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
  group.max_parallel = 7;
  people.update_group(group, audit("group.edit"));

  const auto out = people.groups().at(1);
  CHECK(out.multiplier == 1'500'000);
  CHECK(out.allowed_models == group.allowed_models);
  CHECK(out.rpm == 10);
  CHECK(out.tpm == 1000);
  CHECK(out.max_parallel == 7);
  CHECK(out.upstreams == group.upstreams);
  group.id = domain::GroupId("grp_c");
  CHECK(error_of([&] { people.insert_group(group, audit("g")); }) ==
        "conflict: a group named 'team' already exists");
  CHECK(error_of([&] { people.update_group(group, audit("g")); }) != "");
}

TEST_CASE("people: a project that holds no usable key can be deleted, and its name is free again") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  auto& people = store.people();
  add_people(store);
  const domain::AccountId owner("acct_a");
  people.insert_project(project("proj_b", owner, "agents"), audit("project.create"));
  auto laptop = key("key_1", "laptop");
  laptop.project = domain::ProjectId("proj_b");
  store.keys().insert(laptop, audit("key.create"));

  CHECK(error_of([&] { people.delete_project(laptop.project, audit("p")); }) ==
        "conflict: the project has a key that can still be used");
  CHECK(people.live_keys_by_project(owner) ==
        std::map<domain::ProjectId, std::int64_t>{{laptop.project, 1}});
  laptop.revoked_at = morning();
  store.keys().update(laptop, audit("key.revoke"));
  CHECK(people.live_keys_by_project(std::nullopt).empty());
  people.delete_project(laptop.project, audit("project.delete"));

  CHECK(people.projects().size() == 1);
  REQUIRE(people.deleted_projects().size() == 1);
  CHECK(people.deleted_projects()[0].id == laptop.project);
  CHECK(people.deleted_projects()[0].name == "agents");
  CHECK(store.keys().by_id(laptop.id)->project == laptop.project);
  people.insert_project(project("proj_c", owner, "agents"), audit("project.create"));
  people.delete_project(domain::ProjectId("proj_c"), audit("project.delete"));
  CHECK(people.deleted_projects().size() == 2);
  CHECK(error_of([&] { people.delete_project(laptop.project, audit("p")); }) ==
        "not_found: no project has the id proj_b");
  CHECK(error_of([&] { people.update_project(project("proj_b", owner, "b"), audit("p")); }) ==
        "not_found: no project has the id proj_b");
}

TEST_CASE("people: a group without usable keys can be deleted, and its name is free again") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  auto& people = store.people();
  add_people(store);
  domain::Group group;
  group.id = domain::GroupId("grp_b");
  group.name = "team";
  people.insert_group(group, audit("group.create"));
  auto laptop = key("key_1", "laptop");
  laptop.group = group.id;
  store.keys().insert(laptop, audit("key.create"));
  store.keys().insert(key("key_2", "desk"), audit("key.create"));

  CHECK(people.live_keys_by_group() == std::map<domain::GroupId, std::int64_t>{
                                           {domain::GroupId("grp_default"), 1}, {group.id, 1}});
  CHECK(error_of([&] { people.delete_group(group.id, audit("g")); }) ==
        "conflict: the group has a key that can still be used");
  laptop.revoked_at = morning();
  store.keys().update(laptop, audit("key.revoke"));
  people.delete_group(group.id, audit("group.delete"));

  CHECK(people.groups().size() == 1);
  REQUIRE(people.deleted_groups().size() == 1);
  CHECK(people.deleted_groups()[0].name == "team");
  group.id = domain::GroupId("grp_c");
  people.insert_group(group, audit("group.create"));
  CHECK(people.groups().size() == 2);
}

TEST_CASE("people: upstreams that are kept for a group follow its new name") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  domain::Group group;
  group.id = domain::GroupId("grp_b");
  group.name = "team";
  store.people().insert_group(group, audit("group.create"));
  auto kept = upstream("up_1", "openai");
  kept.groups = {"default", "team"};
  store.upstreams().insert(kept, audit("upstream.add"));
  store.upstreams().insert(upstream("up_2", "ollama"), audit("upstream.add"));

  group.name = "crew";
  store.people().update_group(group, audit("group.edit"));

  const auto upstreams = store.upstreams().list();
  REQUIRE(upstreams.size() == 2);
  CHECK(upstreams[0].groups == std::vector<std::string>{"default"});
  CHECK(upstreams[1].groups == std::vector<std::string>{"default", "crew"});
}

}  // namespace nufi::store
