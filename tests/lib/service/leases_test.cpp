// Keys of one run: children of other keys, and leases.
#include "lib/service/leases.hpp"

#include "lib/service/groups.hpp"
#include "lib/service/keys.hpp"
#include "lib/service/projects.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using domain::Change;
using domain::KeyState;
using domain::KeyTerms;
using test::ControlPlane;
using test::failure_of;
using namespace std::chrono_literals;

namespace {

KeyTerms wish(const std::string& name, const std::string& parent = {}, std::int64_t lease = 0) {
  KeyTerms terms;
  terms.name = Change<std::string>::set(name);
  if (!parent.empty()) terms.parent = Change<std::string>::set(parent);
  if (lease > 0) terms.lease_seconds = Change<std::int64_t>::set(lease);
  return terms;
}

domain::KeyView make(const ControlPlane& plane, const KeyTerms& terms) {
  return create_key(plane.context(), plane.owner(), "default", terms);
}

std::vector<store::AuditEntry> entries(const ControlPlane& plane) {
  return plane.context().store.audit().newest(100);
}

/// The project 'web' and the group 'dear'.
void make_places(const ControlPlane& plane) {
  domain::ProjectTerms web;
  web.name = Change<std::string>::set("web");
  create_project(plane.context(), plane.owner(), web);
  domain::GroupTerms dear;
  dear.name = Change<std::string>::set("dear");
  create_group(plane.context(), plane.owner(), dear);
}

}  // namespace

TEST_CASE("leases: who is not renewed is revoked by nufid itself, archived, and its name is free") {
  ControlPlane plane;
  const auto made = make(plane, wish("run", "", 30));
  CHECK(made.key.lease_expires_at == plane.clock.now() + 30s);
  CHECK(end_leases(plane.context()) == kLeasesEvery);
  plane.clock.advance(28s);
  CHECK(end_leases(plane.context()) == 2s);
  const auto before = entries(plane).size();
  renew_lease(plane.context(), plane.owner(), "run", 10s);
  CHECK(entries(plane).size() == before);
  CHECK(plane.data_plane.keys.at(made.key.id).lease_expires_at == plane.clock.now() + 10s);
  plane.clock.advance(10s);
  CHECK(show_key(plane.context(), plane.owner(), "run").state == KeyState::expired);

  CHECK(end_leases(plane.context()) == kLeasesEvery);
  const auto& known = plane.data_plane.keys.at(made.key.id);
  CHECK(known.revoked_at == plane.clock.now());
  CHECK(known.archived);
  const auto entry = entries(plane).front();
  CHECK(entry.action == "key.revoke");
  CHECK(entry.username == "nufid");
  CHECK(entry.actor == "system");
  CHECK(entry.subject == made.key.id.text());
  CHECK(failure_of([&] {
          renew_lease(plane.context(), plane.owner(), made.key.id.text(), 10s);
        }).starts_with("conflict"));
  make(plane, wish("run"));
}

TEST_CASE("leases: a clock that is set ends none and prolongs none") {
  for (const auto jump : {-1h, 1h}) {
    ControlPlane plane;
    const auto made = make(plane, wish("run", "", 30));
    plane.clock.advance(10s);
    plane.clock.shift(jump);
    CHECK(end_leases(plane.context()) == kLeasesEvery);
    const auto shown = show_key(plane.context(), plane.owner(), "run");
    CHECK(shown.state == KeyState::active);
    CHECK(shown.key.lease_expires_at == plane.clock.now() + 20s);
    disable_key(plane.context(), plane.owner(), "run");
    CHECK(enable_key(plane.context(), plane.owner(), "run").key.lease_expires_at ==
          plane.clock.now() + 20s);
    make(plane, wish("child", "run"));

    CHECK(renew_lease(plane.context(), plane.owner(), "run", 6s).key.lease_expires_at ==
          plane.clock.now() + 6s);
    const auto later = make(plane, wish("later", "", 5));
    CHECK(later.key.lease_expires_at == plane.clock.now() + 5s);
    plane.clock.shift(-jump);
    plane.clock.advance(5s);
    CHECK(end_leases(plane.context()) == 1s);
    CHECK(plane.data_plane.keys.at(later.key.id).revoked_at);
    CHECK_FALSE(plane.data_plane.keys.at(made.key.id).revoked_at);
    plane.clock.advance(1s);
    CHECK(show_key(plane.context(), plane.owner(), "run").state == KeyState::expired);
    end_leases(plane.context());
    CHECK(plane.data_plane.keys.at(made.key.id).revoked_at);
  }
}

TEST_CASE("leases: a late renewal revives a key that nufid has not ended yet") {
  ControlPlane plane;
  const auto made = make(plane, wish("run", "", 5));
  plane.clock.advance(6s);
  CHECK(show_key(plane.context(), plane.owner(), "run").state == KeyState::expired);
  CHECK(renew_lease(plane.context(), plane.owner(), "run", 5s).state == KeyState::active);
  end_leases(plane.context());
  CHECK_FALSE(plane.data_plane.keys.at(made.key.id).revoked_at);
}

TEST_CASE("leases: a start gives each that was running some time, and leaves longer ones alone") {
  ControlPlane plane;
  make(plane, wish("short", "", 5));
  make(plane, wish("long", "", 600));
  // The process before had a clock that was ahead by a day.
  const auto ahead = make(plane, wish("ahead", "", 600));
  auto far = ahead.key;
  *far.lease_expires_at += 24h;
  plane.context().store.keys().renew_leases({far});
  plane.clock.advance(60s);
  const auto now = plane.clock.now();
  carry_leases_over(plane.context().store.keys(), now);
  const auto end = [&](const char* name) {
    return *show_key(plane.context(), plane.owner(), name).key.lease_expires_at;
  };
  CHECK(end("short") == now + kLeaseGrace);
  CHECK(end("long") == now + 540s);
  CHECK(end("ahead") == now + domain::kLongestLease);
}

TEST_CASE("parents: a child lies where its parent does, and nowhere else") {
  const ControlPlane plane;
  make_places(plane);
  auto terms = wish("ci");
  terms.project = Change<std::string>::set("web");
  terms.group = Change<std::string>::set("dear");
  const auto parent = make(plane, terms);

  const auto child = make(plane, wish("ci-1", "ci"));
  CHECK(child.key.parent == parent.key.id);
  CHECK(child.project == "web");
  CHECK(child.group == "dear");
  // A member may not leave the group that an admin chose.
  const auto member = plane.member();
  const auto mine = create_key(plane.context(), member, "default", wish("mine"));
  KeyTerms edit;
  edit.group = Change<std::string>::set("dear");
  edit_key(plane.context(), plane.owner(), mine.key.id.text(), edit);
  CHECK(create_key(plane.context(), member, "default", wish("mine-1", "mine")).group == "dear");
  auto cheaper = wish("mine-2", "mine");
  cheaper.group = Change<std::string>::set("default");
  CHECK(
      failure_of([&] {
        create_key(plane.context(), member, "default", cheaper);
      }).starts_with("conflict: a child of key 'mine' can only be in its group, which is 'dear'"));
}

TEST_CASE("parents: no wish takes a child out of its parent's project or group") {
  const ControlPlane plane;
  domain::ProjectTerms web;
  web.name = Change<std::string>::set("web");
  create_project(plane.context(), plane.owner(), web);
  web.name = Change<std::string>::set("shop");
  create_project(plane.context(), plane.owner(), web);
  domain::GroupTerms dear;
  dear.name = Change<std::string>::set("dear");
  create_group(plane.context(), plane.owner(), dear);
  auto terms = wish("ci");
  terms.project = Change<std::string>::set("web");
  terms.group = Change<std::string>::set("dear");
  make(plane, terms);
  const auto child = make(plane, wish("ci-1", "ci"));

  const auto in_project = [](KeyTerms it, const char* name) {
    it.project = Change<std::string>::set(name);
    return it;
  };
  const auto in_group = [](KeyTerms it, const char* name) {
    it.group = Change<std::string>::set(name);
    return it;
  };
  const auto why = [&](const std::function<void()>& act) { return failure_of(act); };
  const auto edit = [&](const KeyTerms& wanted) {
    return edit_key(plane.context(), plane.owner(), "ci-1", wanted);
  };
  const std::string project = "conflict: a child of key 'ci' can only be in its project";
  const std::string group = "conflict: a child of key 'ci' can only be in its group";
  CHECK(why([&] { make(plane, in_project(wish("x", "ci"), "default")); }).starts_with(project));
  CHECK(why([&] { make(plane, in_group(wish("x", "ci"), "default")); }).starts_with(group));
  CHECK(why([&] {
          create_key(plane.context(), plane.owner(), "shop", wish("x", "ci"));
        }).starts_with(project));
  CHECK(why([&] { edit(in_project({}, "default")); }).starts_with(project));
  CHECK(why([&] { edit(in_group({}, "default")); }).starts_with(group));
  KeyTerms no_group;
  no_group.group = Change<std::string>::clear();
  CHECK(why([&] { edit(no_group); }).starts_with(group));
  const auto stays = edit(in_group(in_project(wish("ci-2"), "web"), "dear"));
  CHECK(stays.key.name == "ci-2");
  CHECK(plane.data_plane.keys.at(child.key.id).project == child.key.project);
  create_key(plane.context(), plane.owner(), "web", wish("ci-3", "ci"));
}

TEST_CASE("parents: where a parent goes its living children go, each with its entry") {
  const ControlPlane plane;
  make_places(plane);
  make(plane, wish("ci"));
  const auto dead = make(plane, wish("ci-0", "ci"));
  revoke_key(plane.context(), plane.owner(), "ci-0");
  const auto child = make(plane, wish("ci-1", "ci"));
  const auto leased = make(plane, wish("ci-2", "ci", 600));
  const auto bystander = make(plane, wish("other"));
  const auto before = entries(plane).size();
  KeyTerms move;
  move.project = Change<std::string>::set("web");
  move.group = Change<std::string>::set("dear");
  const auto moved = edit_key(plane.context(), plane.owner(), "ci", move);
  for (const auto& id : {child.key.id, leased.key.id}) {
    const auto& known = plane.data_plane.keys.at(id);
    CHECK(known.project == moved.key.project);
    CHECK(known.group == moved.key.group);
    CHECK(plane.context().store.keys().by_id(id)->project == moved.key.project);
  }
  CHECK(plane.data_plane.keys.at(leased.key.id).lease_expires_at == leased.key.lease_expires_at);
  CHECK(plane.data_plane.keys.at(dead.key.id).project == dead.key.project);
  CHECK(plane.data_plane.keys.at(bystander.key.id).project == bystander.key.project);
  const auto log = entries(plane);
  CHECK(log.size() == before + 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(log[i].action == "key.edit");
    CHECK(log[i].after == R"({"project":"web","group":"dear"})");
  }
}

TEST_CASE("parents: only a live key without a parent can be one") {
  ControlPlane plane;
  make(plane, wish("ci"));
  make(plane, wish("ci-1", "ci"));
  const auto why = [&](const std::string& parent) {
    return failure_of([&] { make(plane, wish("new", parent)); });
  };
  CHECK(why("ci-1").starts_with("invalid: key 'ci-1' is the child of another key"));
  CHECK(why("nobody").starts_with("not_found"));
  disable_key(plane.context(), plane.owner(), "ci");
  CHECK(why("ci").starts_with("conflict: key 'ci' is disabled"));
  make(plane, wish("brief", "", 5));
  plane.clock.advance(5s);
  CHECK(why("brief").starts_with("conflict: key 'brief' has ended"));
  revoke_key(plane.context(), plane.owner(), "ci");
  CHECK(why("ci").starts_with("conflict: key 'ci' has ended"));
  auto edit = wish("ci", "ci");
  CHECK(failure_of([&] {
          edit_key(plane.context(), plane.owner(), "brief", edit);
        }).starts_with("invalid: parent"));
}

TEST_CASE("parents: a revoke and a delete take the children along, each with its entry") {
  const ControlPlane plane;
  const auto owner = plane.owner();
  for (const bool deletes : {false, true}) {
    const auto parent = make(plane, wish("ci"));
    const auto child = make(plane, wish("ci-1", "ci", 600));
    const auto before = entries(plane).size();
    if (deletes) {
      delete_key(plane.context(), owner, "ci");
    } else {
      CHECK(revoke_key(plane.context(), owner, "ci").state == KeyState::revoked);
    }
    CHECK(plane.data_plane.keys.at(child.key.id).revoked_at);
    CHECK(entries(plane).size() == before + 2);
    revoke_key(plane.context(), owner, child.key.id.text());
    CHECK(entries(plane).size() == before + 2);
  }
}

TEST_CASE(
    "parents: revoking all counts a child once, and the end of a lease takes children along") {
  ControlPlane plane;
  make(plane, wish("ci"));
  make(plane, wish("ci-1", "ci"));
  CHECK(revoke_all_keys(plane.context(), plane.owner()).size() == 2);
  make(plane, wish("lead", "", 5));
  const auto child = make(plane, wish("lead-1", "lead"));
  plane.clock.advance(5s);
  end_leases(plane.context());
  CHECK(plane.data_plane.keys.at(child.key.id).revoked_at);
}
