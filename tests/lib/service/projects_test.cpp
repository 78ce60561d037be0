#include "lib/service/projects.hpp"

#include "lib/service/groups.hpp"
#include "lib/service/keys.hpp"
#include "lib/service/people.hpp"
#include "lib/service/reports.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace nufi;
using namespace nufi::service;
using domain::Change;
using domain::Money;
using domain::Period;
using domain::ProjectTerms;
using test::ControlPlane;
using test::failure_of;

namespace {

ProjectTerms named(const std::string& name) {
  ProjectTerms terms;
  terms.name = Change<std::string>::set(name);
  return terms;
}

domain::KeyView make_key(const ControlPlane& plane, const std::string& project) {
  domain::KeyTerms terms;
  terms.name = Change<std::string>::set("laptop");
  return create_key(plane.context(), plane.owner(), project, terms);
}

}  // namespace

TEST_CASE("projects: one is made with limits and models, and calls feel it") {
  const ControlPlane plane;
  ProjectTerms terms = named("agents");
  terms.budget = Change<Money>::set(*domain::parse_usd("5"));
  terms.budget_period = Change<Period>::set(Period::week);
  terms.token_limit = Change<std::int64_t>::set(1000);
  terms.allowed_models = Change<std::vector<std::string>>::set({"gpt-*"});
  const auto made = create_project(plane.context(), plane.owner(), terms);
  CHECK(made.account == "ada");
  CHECK(made.standing.limits.budget_period == Period::week);
  const auto& world = plane.data_plane.world.projects;
  const auto found = std::find_if(world.begin(), world.end(), [&](const domain::Project& one) {
    return one.id == made.project.id;
  });
  REQUIRE(found != world.end());
  CHECK(found->limits.budget == domain::parse_usd("5"));
  CHECK(found->limits.token_limit == 1000);
  CHECK(found->allowed_models == std::vector<std::string>{"gpt-*"});
  CHECK(list_projects(plane.context(), plane.owner(), false).size() == 2);
}

TEST_CASE("projects: names are checked") {
  const ControlPlane plane;
  const auto refused = [&](const ProjectTerms& terms) {
    return failure_of([&] { create_project(plane.context(), plane.owner(), terms); });
  };
  CHECK(refused(ProjectTerms()) == "invalid: a project needs a name");
  CHECK(refused(named("")).starts_with("invalid: name must be"));
  CHECK(refused(named("proj_x")) == "invalid: name must not start with proj_, as ids do");
  CHECK(refused(named("default")) == "conflict: a project named 'default' already exists");
  ProjectTerms bad = named("x");
  bad.budget_period = Change<Period>::set(Period::hour);
  CHECK(refused(bad).starts_with("invalid: budget_period"));
}

TEST_CASE("projects: default can be limited, but neither renamed nor deleted") {
  const ControlPlane plane;
  ProjectTerms terms;
  terms.budget = Change<Money>::set(*domain::parse_usd("5"));
  CHECK(edit_project(plane.context(), plane.owner(), "default", terms).standing.limits.budget ==
        domain::parse_usd("5"));
  CHECK(failure_of([&] {
          edit_project(plane.context(), plane.owner(), "default", named("other"));
        }) == "conflict: the project default can't be renamed");
  CHECK(failure_of([&] { delete_project(plane.context(), plane.owner(), "default"); }) ==
        "conflict: the project default can't be deleted");
}

TEST_CASE("projects: one with a usable key stays; a deleted one keeps its name in the reports") {
  const ControlPlane plane;
  create_project(plane.context(), plane.owner(), named("agents"));
  const auto key = make_key(plane, "agents");
  plane.call(key.key, *domain::parse_usd("0.5"));
  CHECK(show_project(plane.context(), plane.owner(), "agents").live_keys == 1);
  CHECK(failure_of([&] { delete_project(plane.context(), plane.owner(), "agents"); }) ==
        "conflict: the project has a key that can still be used");
  revoke_key(plane.context(), plane.owner(), "laptop");

  delete_project(plane.context(), plane.owner(), "agents");

  CHECK(failure_of([&] { show_project(plane.context(), plane.owner(), "agents"); }) ==
        "not_found: there is no project called 'agents'");
  CHECK(failure_of([&] { make_key(plane, "agents"); }).starts_with("not_found"));
  CHECK(list_requests(plane.context(), plane.owner(), {}).data.at(0).project == "agents");
  CHECK(show_key(plane.context(), plane.owner(), key.key.id.text()).project == "agents");
  UsageQuery by_project;
  by_project.by = "project";
  CHECK(report_usage(plane.context(), plane.owner(), by_project).by.at(0).name == "agents");
  CHECK(verify_ledger(plane.context(), plane.owner()).faults.empty());
  create_project(plane.context(), plane.owner(), named("agents"));
  CHECK(show_project(plane.context(), plane.owner(), "agents").live_keys == 0);
}

TEST_CASE("projects: another period counts what was spent in it, and a reset forgives it") {
  const ControlPlane plane;
  create_project(plane.context(), plane.owner(), named("agents"));
  plane.call(make_key(plane, "agents").key, *domain::parse_usd("0.5"));
  ProjectTerms daily;
  daily.budget = Change<Money>::set(*domain::parse_usd("1"));
  daily.budget_period = Change<Period>::set(Period::day);
  const auto edited = edit_project(plane.context(), plane.owner(), "agents", daily);
  CHECK(edited.standing.usd.spent == domain::parse_usd("0.5")->nanos());

  ProjectTerms reset;
  reset.reset_spend = true;
  const auto forgiven = edit_project(plane.context(), plane.owner(), "agents", reset);

  CHECK(forgiven.standing.usd.spent == 0);
  CHECK(verify_ledger(plane.context(), plane.owner()).faults.empty());
}

TEST_CASE("projects: a member sees and changes only its own, an admin others' by id") {
  const ControlPlane plane;
  const Actor member = plane.member();
  const auto ours = create_project(plane.context(), plane.owner(), named("agents"));
  const auto theirs = create_project(plane.context(), member, named("scripts"));
  CHECK(list_projects(plane.context(), member, false).size() == 2);
  CHECK(failure_of([&] {
          list_projects(plane.context(), member, true);
        }).starts_with("not_permitted"));
  for (const std::string& word : {std::string("agents"), ours.project.id.text()}) {
    CHECK(
        failure_of([&] { show_project(plane.context(), member, word); }).starts_with("not_found"));
    CHECK(failure_of([&] {
            edit_project(plane.context(), member, word, named("x"));
          }).starts_with("not_found"));
    CHECK(failure_of([&] {
            delete_project(plane.context(), member, word);
          }).starts_with("not_found"));
  }
  CHECK(list_projects(plane.context(), plane.owner(), true).size() == 4);
  CHECK(failure_of([&] {
          show_project(plane.context(), plane.owner(), "scripts");
        }).starts_with("not_found"));
  const auto edited =
      edit_project(plane.context(), plane.owner(), theirs.project.id.text(), named("tools"));
  CHECK(edited.account == "mia");
  CHECK(show_project(plane.context(), member, "tools").project.id == theirs.project.id);
}
