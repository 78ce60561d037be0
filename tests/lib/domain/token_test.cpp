#include "lib/domain/token.hpp"

#include "lib/domain/credential.hpp"
#include "lib/domain/key.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace nufi;
using namespace nufi::domain;

TEST_CASE("token: one that was minted is well formed, and no key") {
  const std::string token(mint_token().expose());
  CHECK(token.starts_with("at-nufi-"));
  CHECK(token.size() == 57);
  CHECK(is_well_formed_token(token));
  CHECK_FALSE(is_well_formed_key(token));
  CHECK_FALSE(is_well_formed_token("sk" + token.substr(2)));
  CHECK_FALSE(is_well_formed_token(token.substr(0, 56)));
  CHECK_FALSE(is_well_formed_token(""));
  CHECK(mask_token(token) == "at-nufi-…" + token.substr(54));
  CHECK(mint_token().expose() != token);
}

TEST_CASE("token: revoked beats expired, and it expires at its very moment") {
  const Timestamp now(std::chrono::hours(1));
  AccessToken token;
  CHECK(token_state(token, now) == TokenState::active);
  token.expires_at = now + std::chrono::milliseconds(1);
  CHECK(token_state(token, now) == TokenState::active);
  token.expires_at = now;
  CHECK(token_state(token, now) == TokenState::expired);
  token.revoked_at = now;
  CHECK(token_state(token, now) == TokenState::revoked);
}

TEST_CASE("token: every state has a name of its own") {
  for (const TokenState state : {TokenState::active, TokenState::expired, TokenState::revoked}) {
    CHECK(token_state_from_name(token_state_name(state)) == state);
  }
  CHECK_FALSE(token_state_from_name("dead"));
}

TEST_CASE("credential: keys and tokens in a text are hidden, whichever comes first") {
  const std::string key(mint_key().expose());
  const std::string token(mint_token().expose());
  CHECK(without_credentials(token + key) == "at-nufi-…sk-nufi-…");
  CHECK(without_credentials("a " + key + ", " + token + "!") == "a sk-nufi-…, at-nufi-…!");
  CHECK(without_credentials("at-nufi-") == "at-nufi-…");
}
