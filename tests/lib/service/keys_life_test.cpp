// The life of a key: rotated, archived, deleted, checked, forgiven.
#include "lib/base/text.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/keys.hpp"
#include "lib/service/people.hpp"
#include "lib/service/reports.hpp"
#include "lib/service/spending.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

using namespace nufi;
using namespace nufi::service;
using domain::Change;
using domain::KeyState;
using domain::KeyTerms;
using domain::Metric;
using domain::Money;
using domain::Period;
using domain::Scope;
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

store::AuditEntry newest_entry(const ControlPlane& plane) {
  return plane.context().store.audit().newest(1).front();
}

}  // namespace

TEST_CASE("rotate: the key keeps its id, limits and spending, and shows its new secret once") {
  const ControlPlane plane;
  KeyTerms terms = named("laptop");
  terms.budget = Change<Money>::set(*domain::parse_usd("5"));
  const auto made = make(plane, terms);
  plane.call(made.key, *domain::parse_usd("1.25"));

  const auto rotated = rotate_key(plane.context(), plane.owner(), "laptop", std::chrono::hours(24));

  REQUIRE(rotated.secret);
  CHECK(rotated.secret->expose() != made.secret->expose());
  CHECK(rotated.key.id == made.key.id);
  CHECK(rotated.key.digest == sha256(rotated.secret->expose()));
  CHECK(rotated.standing.limits.budget == domain::parse_usd("5"));
  CHECK(rotated.standing.usd.spent == domain::parse_usd("1.25")->nanos());
  const auto& known = plane.data_plane.keys.at(made.key.id);
  CHECK(known.digest == rotated.key.digest);
  CHECK(known.former->digest == made.key.digest);
  CHECK_FALSE(show_key(plane.context(), plane.owner(), "laptop").secret);
  const auto entry = newest_entry(plane);
  CHECK(entry.action == "key.rotate");
  CHECK(entry.after.find("overlap_ends_at") != std::string::npos);
  CHECK(entry.after.find(rotated.secret->expose()) == std::string::npos);
}

TEST_CASE("rotate: a second one waits for the overlap to end; a dead key has no more secrets") {
  ControlPlane plane;
  make(plane, named("laptop"));
  const auto rotate = [&](std::chrono::seconds overlap) {
    return failure_of([&] { rotate_key(plane.context(), plane.owner(), "laptop", overlap); });
  };
  CHECK(rotate(std::chrono::hours(1)).empty());
  CHECK(rotate(std::chrono::seconds(0)).starts_with("conflict: the key was rotated before"));
  plane.clock.advance(std::chrono::hours(1));
  CHECK(rotate(std::chrono::seconds(0)).empty());
  CHECK(rotate(std::chrono::seconds(-1)).starts_with("invalid: an overlap"));
  revoke_key(plane.context(), plane.owner(), "laptop");
  CHECK(rotate(std::chrono::seconds(0)).starts_with("conflict"));
}

TEST_CASE("archive: only a dead key is hidden, and an archived one comes back with a new expiry") {
  ControlPlane plane;
  KeyTerms terms = named("laptop");
  terms.expires_at = Change<Timestamp>::set(plane.clock.now() + std::chrono::hours(1));
  make(plane, terms);
  const Actor owner = plane.owner();
  const auto listed = [&](bool archived) {
    KeyQuery query;
    query.archived = archived;
    return list_keys(plane.context(), owner, query).data.size();
  };
  CHECK(failure_of([&] {
          archive_key(plane.context(), owner, "laptop");
        }).starts_with("conflict: the key can still be used"));

  plane.clock.advance(std::chrono::hours(2));
  CHECK(archive_key(plane.context(), owner, "laptop").key.archived);
  CHECK(listed(false) == 0);
  CHECK(listed(true) == 1);
  CHECK_FALSE(unarchive_key(plane.context(), owner, "laptop").key.archived);
  CHECK(listed(false) == 1);

  archive_key(plane.context(), owner, "laptop");
  KeyTerms edit;
  edit.expires_at = Change<Timestamp>::clear();
  const auto back = edit_key(plane.context(), owner, "laptop", edit);
  CHECK_FALSE(back.key.archived);
  CHECK(back.state == KeyState::active);
}

TEST_CASE("delete: the key is gone at once, and the reports still know its name") {
  ControlPlane plane;
  const auto made = make(plane, named("laptop"));
  plane.call(made.key, *domain::parse_usd("1.25"));
  const Actor owner = plane.owner();

  CHECK(delete_key(plane.context(), owner, "laptop").key.id == made.key.id);

  CHECK(plane.data_plane.removed == std::vector<domain::KeyId>{made.key.id});
  CHECK(failure_of([&] { show_key(plane.context(), owner, "laptop"); }).starts_with("not_found"));
  CHECK(failure_of([&] {
          delete_key(plane.context(), owner, made.key.id.text());
        }).starts_with("not_found"));
  CHECK(newest_entry(plane).action == "key.delete");
  CHECK(newest_entry(plane).before.find("laptop") != std::string::npos);

  UsageQuery by_key;
  by_key.by = "key";
  const auto report = report_usage(plane.context(), owner, by_key);
  REQUIRE(report.by.size() == 1);
  CHECK(report.by[0].name == "laptop");
  CHECK(report.by[0].id == made.key.id.text());
  for (const std::string& word : {std::string("laptop"), made.key.id.text()}) {
    RequestQuery query;
    query.key = word;
    const auto rows = list_requests(plane.context(), owner, query);
    REQUIRE(rows.data.size() == 1);
    CHECK(rows.data[0].row.key_name == "laptop");
    by_key.key = word;
    CHECK(report_usage(plane.context(), owner, by_key).totals.requests == 1);
  }
  RequestQuery of_member;
  of_member.key = "laptop";
  CHECK(failure_of([&] {
          list_requests(plane.context(), plane.member(), of_member);
        }).starts_with("not_found"));
  CHECK(plane.context().store.ledger().verify().faults.empty());

  // The name is free, and means the new key.
  const auto again = make(plane, named("laptop"));
  CHECK(find_key_id(plane.context(), owner, "laptop") == again.key.id);
}

TEST_CASE("revoke --all: every live key of the actor's, and nobody else's") {
  ControlPlane plane;
  const Actor root = admit(plane.context(), 0);
  create_key(plane.context(), root, "default", named("theirs"));
  make(plane, named("one"));
  make(plane, named("two"));
  make(plane, named("dead"));
  revoke_key(plane.context(), plane.owner(), "dead");
  disable_key(plane.context(), plane.owner(), "two");

  const auto revoked = revoke_all_keys(plane.context(), plane.owner());

  REQUIRE(revoked.size() == 2);
  CHECK(revoked[0].state == KeyState::revoked);
  CHECK(show_key(plane.context(), plane.owner(), "one").state == KeyState::revoked);
  CHECK(show_key(plane.context(), plane.owner(), "two").state == KeyState::revoked);
  CHECK(show_key(plane.context(), root, "theirs").state == KeyState::active);
  for (const auto& view : revoked) CHECK(plane.data_plane.keys.at(view.key.id).revoked_at);
  const auto entries = plane.context().store.audit().newest(2);
  CHECK(entries[0].action == "key.revoke");
  CHECK(entries[1].action == "key.revoke");
  CHECK(revoke_all_keys(plane.context(), plane.owner()).empty());
}

TEST_CASE("edit: --reset-spend forgives the running cycle, keeps the rows and tells the log") {
  ControlPlane plane;
  KeyTerms terms = named("laptop");
  terms.budget = Change<Money>::set(*domain::parse_usd("2"));
  terms.budget_period = Change<Period>::set(Period::total);
  const auto made = make(plane, terms);
  plane.call(made.key, *domain::parse_usd("2"));
  CHECK(show_key(plane.context(), plane.owner(), "laptop").state == KeyState::exhausted);
  KeyTerms edit;
  edit.reset_spend = true;

  const auto reset = edit_key(plane.context(), plane.owner(), "laptop", edit);

  CHECK(reset.state == KeyState::active);
  CHECK(reset.standing.usd.spent == 0);
  CHECK(reset.standing.tokens.spent == 0);
  const auto entry = newest_entry(plane);
  CHECK(entry.action == "key.reset_spend");
  CHECK(entry.subject == made.key.id.text());
  CHECK(entry.before.find(R"("spent_usd":2)") != std::string::npos);
  CHECK(list_requests(plane.context(), plane.owner(), {}).data.size() == 1);
  CHECK(plane.context().store.ledger().verify().faults.empty());
}

TEST_CASE("edit: every limit can be set and cleared") {
  ControlPlane plane;
  KeyTerms terms = named("laptop");
  terms.budget = Change<Money>::set(*domain::parse_usd("2"));
  terms.token_limit = Change<std::int64_t>::set(1000);
  terms.rpm = Change<std::int64_t>::set(1);
  terms.tpm = Change<std::int64_t>::set(2);
  terms.max_parallel = Change<std::int64_t>::set(3);
  terms.allowed_models = Change<std::vector<std::string>>::set({"gpt-*"});
  terms.allowed_ips = Change<std::vector<std::string>>::set({"::1"});
  terms.expires_at = Change<Timestamp>::set(plane.clock.now() + std::chrono::hours(1));
  const auto set = make(plane, terms).key;
  CHECK(set.limits.token_limit == 1000);
  CHECK(set.max_parallel == 3);
  KeyTerms none;
  none.budget = Change<Money>::clear();
  none.token_limit = Change<std::int64_t>::clear();
  none.rpm = Change<std::int64_t>::clear();
  none.tpm = Change<std::int64_t>::clear();
  none.max_parallel = Change<std::int64_t>::clear();
  none.allowed_models = Change<std::vector<std::string>>::clear();
  none.allowed_ips = Change<std::vector<std::string>>::clear();
  none.expires_at = Change<Timestamp>::clear();

  const auto key = edit_key(plane.context(), plane.owner(), "laptop", none).key;

  CHECK_FALSE(key.limits.budget);
  CHECK_FALSE(key.limits.token_limit);
  CHECK_FALSE(key.rpm);
  CHECK_FALSE(key.tpm);
  CHECK_FALSE(key.max_parallel);
  CHECK(key.allowed_models.empty());
  CHECK(key.allowed_ips.empty());
  CHECK_FALSE(key.expires_at);
}

TEST_CASE("edit: a member may not choose the group of a key") {
  ControlPlane plane;
  const Actor member = plane.member();
  domain::Group gold;
  gold.id = domain::GroupId::random();
  gold.name = "gold";
  plane.context().store.people().insert_group(gold, {});
  KeyTerms terms = named("laptop");
  terms.group = Change<std::string>::set("gold");
  CHECK(failure_of([&] {
          create_key(plane.context(), member, "default", terms);
        }).starts_with("not_permitted"));
  terms.group = Change<std::string>::set("default");
  create_key(plane.context(), member, "default", terms);
  KeyTerms edit;
  edit.group = Change<std::string>::set("gold");
  CHECK(failure_of([&] {
          edit_key(plane.context(), member, "laptop", edit);
        }).starts_with("not_permitted"));
  // An admin may, and the key then stays there for its owner.
  CHECK(edit_key(plane.context(), plane.owner(), "laptop", edit).group == "gold");
  CHECK(edit_key(plane.context(), member, "laptop", edit).group == "gold");
}

TEST_CASE("check: asks the data plane about the key, and refuses nonsense itself") {
  ControlPlane plane;
  make(plane, named("laptop"));
  plane.data_plane.verdict.reason = "budget";
  const Actor owner = plane.owner();
  const auto view = check_key(plane.context(), owner, "laptop", "gpt-4o", 12);
  CHECK_FALSE(view.allowed);
  CHECK(view.reason == "budget");
  CHECK(view.ask_tokens == 12);
  CHECK(failure_of([&] {
          check_key(plane.context(), owner, "laptop", "", 0);
        }).starts_with("invalid"));
  CHECK(failure_of([&] {
          check_key(plane.context(), owner, "laptop", "gpt-4o", -1);
        }).starts_with("invalid"));
  CHECK(failure_of([&] {
          check_key(plane.context(), plane.member(), "laptop", "gpt-4o", 0);
        }).starts_with("not_found"));
}

TEST_CASE("start: a period that was written without its window is counted from then on") {
  ControlPlane plane;
  const auto made = make(plane, named("laptop"));
  plane.call(made.key, *domain::parse_usd("1.25"));
  // As if nufid had died between the two: the store has the new period, the ledger the old one.
  domain::Key edited = made.key;
  edited.limits.budget_period = Period::total;
  plane.context().store.keys().update(edited, {});
  const auto period = [&] {
    return plane.context().ledger.counted_period(Scope::key, made.key.id.text(), Metric::usd);
  };
  CHECK(period() == Period::month);

  store::Store& store = plane.context().store;
  mend_windows(store.people(), store.keys().list({}), plane.context().ledger);

  CHECK(period() == Period::total);
  CHECK(show_key(plane.context(), plane.owner(), "laptop").standing.usd.spent ==
        domain::parse_usd("1.25")->nanos());
  CHECK(plane.context().store.ledger().verify().faults.empty());
}
