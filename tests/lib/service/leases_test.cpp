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

TEST_CASE("leases: a start gives each that was running some time, and leaves longer ones alone") {
  ControlPlane plane;
  make(plane, wish("short", "", 5));
  make(plane, wish("long", "", 600));
  plane.clock.advance(60s);
  const auto now = plane.clock.now();
  extend_leases(plane.context().store.keys(), now);
  const auto end = [&](const char* name) {
    return *show_key(plane.context(), plane.owner(), name).key.lease_expires_at;
  };
  CHECK(end("short") == now + kLeaseGrace);
  CHECK(end("long") == now + 540s);
}

TEST_CASE("parents: a child stands where its parent does, unless it is told otherwise") {
  const ControlPlane plane;
  domain::ProjectTerms web;
  web.name = Change<std::string>::set("web");
  create_project(plane.context(), plane.owner(), web);
  domain::GroupTerms dear;
  dear.name = Change<std::string>::set("dear");
  create_group(plane.context(), plane.owner(), dear);
  auto terms = wish("ci");
  terms.project = Change<std::string>::set("web");
  terms.group = Change<std::string>::set("dear");
  const auto parent = make(plane, terms);

  const auto child = make(plane, wish("ci-1", "ci"));
  CHECK(child.key.parent == parent.key.id);
  CHECK(child.project == "web");
  CHECK(child.group == "dear");
  auto elsewhere = wish("ci-2", parent.key.id.text());
  elsewhere.project = Change<std::string>::set("default");
  elsewhere.group = Change<std::string>::set("default");
  CHECK(make(plane, elsewhere).project == "default");

  // A member may not leave the group that an admin chose.
  const auto member = plane.member();
  const auto mine = create_key(plane.context(), member, "default", wish("mine"));
  KeyTerms edit;
  edit.group = Change<std::string>::set("dear");
  edit_key(plane.context(), plane.owner(), mine.key.id.text(), edit);
  CHECK(create_key(plane.context(), member, "default", wish("mine-1", "mine")).group == "dear");
  auto cheaper = wish("mine-2", "mine");
  cheaper.group = Change<std::string>::set("default");
  CHECK(failure_of([&] {
          create_key(plane.context(), member, "default", cheaper);
        }).starts_with("not_permitted"));
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
