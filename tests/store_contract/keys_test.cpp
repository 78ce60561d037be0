#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {
namespace {

using namespace examples;

/// The ids of `keys`, with spaces between.
std::string ids(const std::vector<domain::Key>& keys) {
  std::string text;
  for (const auto& key : keys) text += (text.empty() ? "" : " ") + key.id.text();
  return text;
}

std::vector<domain::Key> all(Keys& keys) {
  return keys.list({});
}

}  // namespace

TEST_CASE("keys: a key comes back as it was put in, also after the store was closed") {
  auto under_test = StoreUnderTest::make();
  add_people(under_test->store());
  auto in = key("key_full", "laptop");
  in.last_used_at = morning() + std::chrono::hours(1);
  in.expires_at = morning() + std::chrono::hours(2);
  in.disabled = true;
  in.limits = {domain::Money::nanos(5'000'000'001), domain::Period::total, 9, domain::Period::day};
  in.rpm = 1;
  in.tpm = 2;
  in.max_parallel = 3;
  in.allowed_models = {"gpt-*", "клод", "with \"quotes\""};
  in.allowed_ips = {"10.0.0.0/8", "::1"};
  in.enforce = domain::Enforce::soft;
  in.trace = true;
  in.trace_errors_only = true;
  in.parent = domain::KeyId("key_parent");
  in.lease_expires_at = morning() + std::chrono::seconds(30);

  under_test->store().keys().insert(in, audit("key.create"));
  under_test->reopen();
  const auto out = under_test->store().keys().by_id(in.id);

  REQUIRE(out);
  CHECK(out->name == in.name);
  CHECK(out->account == in.account);
  CHECK(out->project == in.project);
  CHECK(out->group == in.group);
  CHECK(out->digest == in.digest);
  CHECK(out->masked == in.masked);
  CHECK(out->created_at == in.created_at);
  CHECK(out->last_used_at == in.last_used_at);
  CHECK(out->expires_at == in.expires_at);
  CHECK_FALSE(out->revoked_at);
  CHECK(out->disabled);
  CHECK_FALSE(out->archived);
  CHECK(out->limits == in.limits);
  CHECK(out->rpm == in.rpm);
  CHECK(out->tpm == in.tpm);
  CHECK(out->max_parallel == in.max_parallel);
  CHECK(out->allowed_models == in.allowed_models);
  CHECK(out->allowed_ips == in.allowed_ips);
  CHECK(out->enforce == in.enforce);
  CHECK(out->trace);
  CHECK(out->trace_errors_only);
  CHECK(out->parent == in.parent);
  CHECK(out->lease_expires_at == in.lease_expires_at);
}

TEST_CASE("keys: children and leases are found while they are not revoked") {
  auto under_test = StoreUnderTest::make();
  add_people(under_test->store());
  auto& keys = under_test->store().keys();
  keys.insert(key("key_parent", "ci"), audit("key.create"));
  const auto add = [&](const std::string& id, const std::string& parent, int lease) {
    auto made = key(id, id);
    made.parent = domain::KeyId(parent);
    if (lease > 0) made.lease_expires_at = morning() + std::chrono::seconds(lease);
    keys.insert(made, audit("key.create"));
    return made;
  };
  auto first = add("key_1", "key_parent", 60);
  auto second = add("key_2", "key_parent", 30);
  add("key_3", "", 0);

  CHECK(ids(keys.children(domain::KeyId("key_parent"))) == "key_1 key_2");
  CHECK(keys.children(domain::KeyId("key_3")).empty());
  CHECK(ids(keys.leased()) == "key_2 key_1");
  CHECK(keys.count_live(std::nullopt, morning() + std::chrono::seconds(30)) == 4);

  const auto entries = under_test->store().audit().newest(100).size();
  second.lease_expires_at = morning() + std::chrono::seconds(90);
  second.name = "not written";
  keys.renew_leases({second});
  CHECK(ids(keys.leased()) == "key_1 key_2");
  CHECK(keys.by_id(second.id)->name == "key_2");
  CHECK(under_test->store().audit().newest(100).size() == entries);

  first.revoked_at = morning();
  keys.update(first, audit("key.revoke"));
  CHECK(ids(keys.children(domain::KeyId("key_parent"))) == "key_2");
  CHECK(ids(keys.leased()) == "key_2");
}

TEST_CASE("keys: what is absent stays absent") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  store.keys().insert(key("key_plain", "plain"), audit("key.create"));

  const auto out = store.keys().by_id(domain::KeyId("key_plain"));

  REQUIRE(out);
  CHECK_FALSE(out->last_used_at);
  CHECK_FALSE(out->expires_at);
  CHECK_FALSE(out->limits.budget);
  CHECK_FALSE(out->limits.token_limit);
  CHECK_FALSE(out->rpm);
  CHECK(out->allowed_models.empty());
  CHECK_FALSE(store.keys().by_id(domain::KeyId("key_other")));
}

TEST_CASE("keys: a live name is taken once per account, and free again after revoke") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  auto first = key("key_1", "laptop");
  store.keys().insert(first, audit("key.create"));

  CHECK(error_of([&] { store.keys().insert(key("key_2", "laptop"), audit("key.create")); }) ==
        "conflict: a key named 'laptop' already exists");

  first.revoked_at = morning();
  store.keys().update(first, audit("key.revoke"));
  store.keys().insert(key("key_2", "laptop"), audit("key.create"));
  CHECK(ids(all(store.keys())) == "key_1 key_2");

  const auto other = account("acct_b", 1001);
  store.people().insert_account(other, project("proj_b", other.id, "default"), audit("a"));
  auto elsewhere = key("key_3", "laptop");
  elsewhere.account = other.id;
  elsewhere.project = domain::ProjectId("proj_b");
  store.keys().insert(elsewhere, audit("key.create"));
  CHECK(ids(all(store.keys())) == "key_1 key_2 key_3");
}

TEST_CASE("keys: a refused change leaves no trace, also none in the audit log") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  store.keys().insert(key("key_1", "laptop"), audit("key.create"));
  const auto entries = store.audit().newest(10).size();
  auto renamed = key("key_2", "phone");
  store.keys().insert(renamed, audit("key.create"));

  renamed.name = "laptop";
  CHECK(error_of([&] { store.keys().update(renamed, audit("key.edit")); }) ==
        "conflict: a key named 'laptop' already exists");
  CHECK(error_of([&] { store.keys().update(key("key_9", "x"), audit("key.edit")); }) ==
        "not_found: no key has the id key_9");

  CHECK(store.keys().by_id(renamed.id)->name == "phone");
  CHECK(store.audit().newest(10).size() == entries + 1);
}

TEST_CASE("keys: several are updated together or not at all") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  std::vector<domain::Key> keys{key("key_1", "laptop"), key("key_2", "phone")};
  for (const auto& each : keys) store.keys().insert(each, audit("key.create"));
  for (auto& each : keys) each.revoked_at = morning();
  store.keys().update_all(keys, {audit("key.revoke"), audit("key.revoke")});
  CHECK(store.keys().by_id(keys[0].id)->revoked_at == morning());
  CHECK(store.keys().by_id(keys[1].id)->revoked_at == morning());

  const auto entries = store.audit().newest(10).size();
  keys[0].trace = true;
  keys.push_back(key("key_9", "nobody"));
  CHECK(error_of([&] {
          store.keys().update_all(keys, {audit("a"), audit("a"), audit("a")});
        }) == "not_found: no key has the id key_9");
  CHECK_FALSE(store.keys().by_id(keys[0].id)->trace);
  CHECK(store.audit().newest(10).size() == entries);
}

TEST_CASE("keys: a removed key is gone, and its name is still known") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  const auto gone = key("key_1", "laptop");
  store.keys().insert(gone, audit("key.create"));
  store.keys().insert(key("key_2", "phone"), audit("key.create"));

  store.keys().remove(gone.id, audit("key.delete"));
  under_test->reopen();
  auto& keys = under_test->store().keys();

  CHECK_FALSE(keys.by_id(gone.id));
  CHECK(ids(all(keys)) == "key_2");
  CHECK(keys.matching(gone.account, "laptop").empty());
  const auto names = keys.names({gone.id, domain::KeyId("key_2"), domain::KeyId("key_3"), gone.id});
  REQUIRE(names.size() == 2);
  CHECK(names.at(gone.id) == "laptop");
  CHECK(names.at(domain::KeyId("key_2")) == "phone");
  for (const char* word : {"key_1", "laptop"}) {
    const auto removed = keys.removed(gone.account, word);
    REQUIRE(removed);
    CHECK(removed->id == gone.id);
    CHECK(removed->name == "laptop");
    CHECK(removed->account == gone.account);
    CHECK(keys.removed(std::nullopt, word));
    CHECK_FALSE(keys.removed(domain::AccountId("acct_b"), word));
  }
  CHECK_FALSE(keys.removed(gone.account, "phone"));
  CHECK(error_of([&] { keys.remove(gone.id, audit("key.delete")); }) ==
        "not_found: no key has the id key_1");
  // The name is free, and a later key of the same name is another one.
  keys.insert(key("key_4", "laptop"), audit("key.create"));
  CHECK(ids(keys.matching(gone.account, "laptop")) == "key_4");
}

TEST_CASE("keys: an update overwrites the terms and keeps what the key is") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  auto in = key("key_1", "laptop");
  store.keys().insert(in, audit("key.create"));
  LedgerBatch used;
  used.last_used[in.id] = morning() + std::chrono::minutes(5);
  store.ledger().apply(used);

  auto edited = in;
  edited.name = "desktop";
  edited.limits.budget = domain::Money::nanos(3);
  edited.archived = true;
  edited.revoked_at = morning();
  edited.digest = {7};
  edited.masked = "sk-nufi-…new";
  edited.rotated_at = morning();
  edited.former = domain::FormerSecret{in.digest, in.masked, morning() + std::chrono::hours(1)};
  edited.created_at = {};
  edited.last_used_at = {};
  store.keys().update(edited, audit("key.edit"));

  const auto out = store.keys().by_id(in.id);
  CHECK(out->name == "desktop");
  CHECK(out->limits.budget == domain::Money::nanos(3));
  CHECK(out->revoked_at == morning());
  CHECK(out->archived);
  CHECK(out->digest == edited.digest);
  CHECK(out->masked == "sk-nufi-…new");
  CHECK(out->rotated_at == morning());
  REQUIRE(out->former);
  CHECK(out->former->digest == in.digest);
  CHECK(out->former->masked == in.masked);
  CHECK(out->former->dies_at == edited.former->dies_at);
  CHECK(out->created_at == in.created_at);
  CHECK(out->last_used_at == used.last_used[in.id]);
}

TEST_CASE("keys: a word means a live name, else the newest revoked one, else an id or its start") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  auto old = key("key_aaa1", "laptop");
  old.revoked_at = morning();
  auto older = key("key_aaa2", "laptop");
  older.revoked_at = morning() - std::chrono::hours(1);
  auto named_like_an_id = key("key_zzz", "key_aaa");
  store.keys().insert(old, audit("a"));
  store.keys().insert(older, audit("a"));
  store.keys().insert(named_like_an_id, audit("a"));
  const auto matching = [&](std::string_view word) {
    return ids(store.keys().matching(domain::AccountId("acct_a"), word));
  };

  CHECK(matching("laptop") == "key_aaa1");
  CHECK(matching("key_aaa") == "key_zzz");
  CHECK(matching("key_aaa2") == "key_aaa2");
  CHECK(matching("key_aa") == "key_aaa1 key_aaa2");
  CHECK(matching("key_b").empty());
  CHECK(matching("lap").empty());
  CHECK(matching("").empty());
  CHECK(matching("key_%").empty());

  store.keys().insert(key("key_bbb", "laptop"), audit("a"));
  CHECK(matching("laptop") == "key_bbb");
  CHECK(store.keys().matching(domain::AccountId("acct_b"), "laptop").empty());
  CHECK(ids(store.keys().matching(std::nullopt, "laptop")) == "key_bbb");
}

TEST_CASE("keys: the list is oldest first, in pages, without the archived ones") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  for (int i = 0; i < 5; ++i) {
    auto each = key("key_" + std::to_string(9 - i), "name " + std::to_string(i));
    each.created_at = morning() + std::chrono::minutes(i / 2);
    each.archived = i == 4;
    store.keys().insert(each, audit("a"));
  }
  KeyFilter page;
  page.limit = 3;

  CHECK(ids(all(store.keys())) == "key_8 key_9 key_6 key_7");
  CHECK(ids(store.keys().list(page)) == "key_8 key_9 key_6");
  page.after = "key_6";
  CHECK(ids(store.keys().list(page)) == "key_7");
  KeyFilter filter;
  filter.archived = true;
  CHECK(ids(store.keys().list(filter)) == "key_5");
  filter = {};
  filter.account = domain::AccountId("acct_b");
  CHECK(store.keys().list(filter).empty());
  filter = {};
  filter.project = domain::ProjectId("proj_b");
  CHECK(store.keys().list(filter).empty());
}

TEST_CASE("keys: a key needs its account, project and group") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();

  CHECK(error_of([&] { store.keys().insert(key("key_1", "laptop"), audit("a")); }) ==
        "conflict: it refers to something that is not there (any more)");
}

TEST_CASE("keys: live ones are counted, of one account or of all") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  auto expiring = key("key_1", "expiring");
  expiring.expires_at = morning() + std::chrono::hours(1);
  auto revoked = key("key_2", "revoked");
  revoked.revoked_at = morning();
  store.keys().insert(expiring, audit("key.create"));
  store.keys().insert(revoked, audit("key.create"));
  store.keys().insert(key("key_3", "live"), audit("key.create"));

  CHECK(store.keys().count_live(std::nullopt, morning()) == 2);
  CHECK(store.keys().count_live(expiring.account, morning() + std::chrono::hours(2)) == 1);
  CHECK(store.keys().count_live(domain::AccountId("acct_b"), morning()) == 0);
}

}  // namespace nufi::store
