#include "tests/store_contract/examples.hpp"
#include "tests/store_contract/store_under_test.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace nufi::store {

using namespace examples;

namespace {

/// A token of acct_a; its digest is made from the id.
domain::AccessToken token(const std::string& id, const std::string& name) {
  domain::AccessToken token;
  token.id = domain::TokenId(id);
  token.name = name;
  token.account = domain::AccountId("acct_a");
  token.digest = sha256(id);
  token.masked = "at-nufi-…xyz";
  token.created_at = morning();
  return token;
}

}  // namespace

TEST_CASE("tokens: what is kept comes back, and is found by its hash") {
  auto under_test = StoreUnderTest::make();
  add_people(under_test->store());
  auto in = token("tok_1", "ci");
  in.expires_at = morning() + std::chrono::hours(24);
  under_test->store().tokens().insert(in, audit("token.create"));
  under_test->store().tokens().touch(in.id, morning() + std::chrono::minutes(1));

  under_test->reopen();
  const auto out = under_test->store().tokens().by_digest(sha256("tok_1"));

  REQUIRE(out);
  CHECK(out->id == in.id);
  CHECK(out->name == "ci");
  CHECK(out->account == in.account);
  CHECK(out->digest == in.digest);
  CHECK(out->masked == in.masked);
  CHECK(out->created_at == in.created_at);
  CHECK(out->last_used_at == morning() + std::chrono::minutes(1));
  CHECK(out->expires_at == in.expires_at);
  CHECK_FALSE(out->revoked_at);
  CHECK_FALSE(under_test->store().tokens().by_digest(sha256("tok_2")));
}

TEST_CASE("tokens: a name is free again once its token is revoked, for good") {
  auto under_test = StoreUnderTest::make();
  add_people(under_test->store());
  auto& tokens = under_test->store().tokens();
  tokens.insert(token("tok_1", "ci"), audit("token.create"));
  CHECK(error_of([&] { tokens.insert(token("tok_2", "ci"), audit("token.create")); }) ==
        "conflict: a token named 'ci' already exists");

  tokens.revoke(domain::TokenId("tok_1"), morning(), audit("token.revoke"));
  tokens.insert(token("tok_2", "ci"), audit("token.create"));

  CHECK(tokens.by_digest(sha256("tok_1"))->revoked_at == morning());
  CHECK(error_of([&] { tokens.revoke(domain::TokenId("tok_1"), morning(), audit("again")); }) ==
        "not_found: no token that is not revoked has the id tok_1");
  const auto entries = under_test->store().audit().newest(10);
  CHECK(entries[0].action == "token.create");
  CHECK(entries[1].action == "token.revoke");
}

TEST_CASE("tokens: a word means the live one of that name, else the dead one, else ids") {
  auto under_test = StoreUnderTest::make();
  add_people(under_test->store());
  auto& tokens = under_test->store().tokens();
  tokens.insert(token("tok_1a", "ci"), audit("token.create"));
  tokens.revoke(domain::TokenId("tok_1a"), morning(), audit("token.revoke"));
  tokens.insert(token("tok_1b", "ci"), audit("token.create"));
  tokens.insert(token("tok_2", "old"), audit("token.create"));
  tokens.revoke(domain::TokenId("tok_2"), morning(), audit("token.revoke"));

  const auto ids = [&](std::string_view word) {
    std::string text;
    for (const auto& one : tokens.matching(word)) text += one.id.text() + " ";
    return text;
  };
  CHECK(ids("ci") == "tok_1b ");
  CHECK(ids("old") == "tok_2 ");
  CHECK(ids("tok_1") == "tok_1a tok_1b ");
  CHECK(ids("tok_1a") == "tok_1a ");
  CHECK(ids("nobody").empty());
  CHECK(ids("").empty());
  CHECK(tokens.list().size() == 3);
}

}  // namespace nufi::store
