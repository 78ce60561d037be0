#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

namespace nufi::store {
namespace {

using namespace examples;

std::string actions(AuditLog& log) {
  std::string text;
  for (const auto& entry : log.newest(100)) text += (text.empty() ? "" : " ") + entry.action;
  return text;
}

}  // namespace

TEST_CASE("audit: every change of every subject writes its entry, newest first") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  const auto owner = account("acct_a", 1000);

  store.people().insert_account(owner, project("proj_a", owner.id, "default"), audit("1"));
  store.people().update_account(owner, audit("2"));
  store.people().insert_project(project("proj_b", owner.id, "b"), audit("3"));
  store.people().update_project(project("proj_b", owner.id, "c"), audit("4"));
  domain::Group group;
  group.id = domain::GroupId("grp_b");
  group.name = "b";
  store.people().insert_group(group, audit("5"));
  store.people().update_group(group, audit("6"));
  store.people().delete_group(group.id, audit("6b"));
  store.people().delete_project(domain::ProjectId("proj_b"), audit("6c"));
  store.keys().insert(key("key_1", "laptop"), audit("7"));
  store.keys().update(key("key_1", "laptop"), audit("8"));
  store.upstreams().insert(upstream("up_1", "openai"), audit("9"));
  store.upstreams().update(upstream("up_1", "openai"), audit("10"));
  store.upstreams().remove(domain::UpstreamId("up_1"), audit("11"));
  domain::Price price;
  price.model = "m";
  store.prices().set(price, audit("12"));
  store.prices().unset("m", audit("13"));
  store.settings().set("timezone", "UTC", audit("14"));
  store.settings().unset("timezone", audit("15"));

  CHECK(actions(store.audit()) == "15 14 13 12 11 10 9 8 7 6c 6b 6 5 4 3 2 1");
}

TEST_CASE("audit: an entry comes back as it was written, and calls write none") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  const auto laptop = key("key_1", "laptop");
  auto in = audit("key.create");
  in.uid = -1;
  in.before = R"({"name":"x"})";
  in.username = "ada";
  in.subject_name = "laptop";
  in.via = "tok_1";
  store.keys().insert(laptop, in);
  store.ledger().apply(batch_of({row(laptop, 0, 5)}));

  const auto entries = store.audit().newest(1);

  REQUIRE(entries.size() == 1);
  CHECK(entries[0].time == in.time);
  CHECK(entries[0].actor == in.actor);
  CHECK(entries[0].uid == in.uid);
  CHECK(entries[0].action == in.action);
  CHECK(entries[0].subject == in.subject);
  CHECK(entries[0].before == in.before);
  CHECK(entries[0].after == in.after);
  CHECK(entries[0].username == "ada");
  CHECK(entries[0].subject_name == "laptop");
  CHECK(entries[0].via == "tok_1");
  CHECK(entries[0].id == 2);
  CHECK(store.audit().newest(0).empty());
}

TEST_CASE("audit: the log is read page after page, and a change that fails is not in it") {
  auto under_test = StoreUnderTest::make();
  auto& store = under_test->store();
  add_people(store);
  for (const char* action : {"1", "2", "3"}) store.settings().set("timezone", "UTC", audit(action));
  CHECK(error_of([&] {
          store.people().insert_project(project("proj_b", domain::AccountId("acct_a"), "default"),
                                        audit("refused"));
        }) != "");

  const auto first = store.audit().newest(2);
  const auto second = store.audit().newest(2, first.back().id);

  CHECK(first[0].action == "3");
  CHECK(first[1].action == "2");
  REQUIRE(second.size() == 2);
  CHECK(second[0].action == "1");
  CHECK(store.audit().newest(2, second.back().id).empty());
}

}  // namespace nufi::store
