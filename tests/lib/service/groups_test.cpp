#include "lib/service/groups.hpp"

#include "lib/service/keys.hpp"
#include "lib/service/upstreams.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using domain::Change;
using domain::GroupTerms;
using test::ControlPlane;
using test::failure_of;

namespace {

using Names = std::vector<std::string>;

GroupTerms named(const std::string& name) {
  GroupTerms terms;
  terms.name = Change<std::string>::set(name);
  return terms;
}

void add_ollama(const ControlPlane& plane, const Names& groups = {}) {
  domain::UpstreamTerms terms;
  terms.name = Change<std::string>::set("ollama");
  terms.preset = Change<std::string>::set("ollama");
  if (!groups.empty()) terms.groups = Change<Names>::set(groups);
  add_upstream(plane.context(), plane.owner(), terms);
}

}  // namespace

TEST_CASE("groups: one is made with all it can have, and calls feel it") {
  const ControlPlane plane;
  add_ollama(plane);
  GroupTerms terms = named("team");
  terms.multiplier = Change<domain::Multiplier>::set(1'500'000);
  terms.allowed_models = Change<Names>::set({"llama*"});
  terms.rpm = Change<std::int64_t>::set(60);
  terms.tpm = Change<std::int64_t>::set(1000);
  terms.max_parallel = Change<std::int64_t>::set(4);
  terms.upstreams = Change<Names>::set({"ollama"});
  create_group(plane.context(), plane.owner(), terms);
  REQUIRE(plane.data_plane.world.groups.size() == 2);
  const domain::Group& group = plane.data_plane.world.groups[1];
  CHECK(group.multiplier == 1'500'000);
  CHECK(group.allowed_models == Names{"llama*"});
  CHECK(group.rpm == 60);
  CHECK(group.tpm == 1000);
  CHECK(group.max_parallel == 4);
  CHECK(group.upstreams == Names{"ollama"});

  GroupTerms less;
  less.multiplier = Change<domain::Multiplier>::clear();
  less.rpm = Change<std::int64_t>::clear();
  less.upstreams = Change<Names>::clear();
  const auto edited = edit_group(plane.context(), plane.owner(), "team", less);
  CHECK(edited.group.multiplier == domain::kMultiplierOne);
  CHECK_FALSE(edited.group.rpm);
  CHECK(edited.group.upstreams.empty());
}

TEST_CASE("groups: bad wishes are refused by name") {
  const ControlPlane plane;
  const auto refused = [&](const GroupTerms& terms) {
    return failure_of([&] { create_group(plane.context(), plane.owner(), terms); });
  };
  CHECK(refused(GroupTerms()) == "invalid: a group needs a name");
  CHECK(refused(named("default")) == "conflict: a group named 'default' already exists");
  CHECK(refused(named("grp_1")) == "invalid: name must not start with grp_, as ids do");
  for (const domain::Multiplier wrong : {0LL, -1LL, 1'000'000'001LL}) {
    GroupTerms terms = named("x");
    terms.multiplier = Change<domain::Multiplier>::set(wrong);
    CHECK(refused(terms) == "invalid: multiplier must be above 0 and at most 1000");
  }
  GroupTerms nowhere = named("x");
  nowhere.upstreams = Change<Names>::set({"olama"});
  CHECK(refused(nowhere) == "not_found: there is no upstream called 'olama'");
  GroupTerms none = named("x");
  none.rpm = Change<std::int64_t>::set(0);
  CHECK(refused(none) == "invalid: rpm must be at least 1");
}

TEST_CASE("groups: one that is used can't be deleted, nor can default") {
  const ControlPlane plane;
  create_group(plane.context(), plane.owner(), named("team"));
  domain::KeyTerms terms;
  terms.name = Change<std::string>::set("laptop");
  terms.group = Change<std::string>::set("team");
  create_key(plane.context(), plane.owner(), "default", terms);
  CHECK(show_group(plane.context(), plane.owner(), "team").live_keys == 1);
  const auto deleting = [&](const char* name) {
    return failure_of([&] { delete_group(plane.context(), plane.owner(), name); });
  };
  CHECK(deleting("default") == "conflict: the group default can't be deleted");
  CHECK(deleting("team") == "conflict: the group has a key that can still be used");
  revoke_key(plane.context(), plane.owner(), "laptop");
  add_ollama(plane, {"team"});
  CHECK(deleting("team") == "conflict: the upstream ollama is kept for the group team");
  remove_upstream(plane.context(), plane.owner(), "ollama");
  CHECK(deleting("team").empty());
  CHECK(list_groups(plane.context(), plane.owner()).size() == 1);
  CHECK(list_keys(plane.context(), plane.owner(), {}).data.at(0).group == "team");
}

TEST_CASE("groups: renamed, they keep their upstreams; upstreams they name keep theirs") {
  const ControlPlane plane;
  create_group(plane.context(), plane.owner(), named("team"));
  add_ollama(plane, {"team"});
  edit_group(plane.context(), plane.owner(), "team", named("crew"));
  CHECK(plane.data_plane.world.upstreams.at(0).upstream.groups == Names{"crew"});

  GroupTerms uses;
  uses.upstreams = Change<Names>::set({"ollama"});
  edit_group(plane.context(), plane.owner(), "crew", uses);
  domain::UpstreamTerms renamed;
  renamed.name = Change<std::string>::set("local");
  CHECK(failure_of([&] { edit_upstream(plane.context(), plane.owner(), "ollama", renamed); }) ==
        "conflict: the group crew may use ollama by this name");
  CHECK(failure_of([&] {
          remove_upstream(plane.context(), plane.owner(), "ollama");
        }).starts_with("conflict"));
  CHECK(failure_of([&] {
          edit_group(plane.context(), plane.owner(), "default", named("basic"));
        }) == "conflict: the group default can't be renamed");
}

TEST_CASE("groups: they are an admin's business") {
  const ControlPlane plane;
  const Actor member = plane.member();
  CHECK(failure_of([&] {
          create_group(plane.context(), member, named("x"));
        }).starts_with("not_permitted"));
  CHECK(failure_of([&] { list_groups(plane.context(), member); }).starts_with("not_permitted"));
  CHECK(failure_of([&] {
          show_group(plane.context(), member, "default");
        }).starts_with("not_permitted"));
  CHECK(failure_of([&] {
          edit_group(plane.context(), member, "default", {});
        }).starts_with("not_permitted"));
  CHECK(failure_of([&] {
          delete_group(plane.context(), member, "default");
        }).starts_with("not_permitted"));
}
