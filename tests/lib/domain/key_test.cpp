#include "lib/domain/key.hpp"

#include "lib/base/error.hpp"
#include "lib/base/id.hpp"
#include "lib/base/text.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace nufi;
using namespace nufi::domain;

namespace {

const Timestamp kNow = parse_rfc3339("2026-08-01T10:00:00Z").value();
const Timestamp kEarlier = parse_rfc3339("2026-07-01T10:00:00Z").value();
const Timestamp kLater = parse_rfc3339("2026-09-01T10:00:00Z").value();

}  // namespace

TEST_CASE("key: a minted key is sk-nufi-, 43 random and 6 checksum characters") {
  std::set<std::string> minted;
  for (int i = 0; i < 500; ++i) {
    const Secret key = mint_key();
    REQUIRE(key.expose().size() == 57);
    REQUIRE(key.expose().starts_with("sk-nufi-"));
    REQUIRE(key.expose().substr(8).find_first_not_of(kBase62) == std::string::npos);
    REQUIRE(is_well_formed_key(key.expose()));
    minted.insert(key.expose());
  }
  CHECK(minted.size() == 500);
}

TEST_CASE("key: the checksum is the crc-32 of the 51 characters before it") {
  const std::string body = "sk-nufi-" + std::string(43, '0');
  CHECK(is_well_formed_key(body + to_base62(crc32(body), 6)));
}

TEST_CASE("key: every wrong character is noticed") {
  const std::string key = mint_key().expose();
  for (std::size_t i = 0; i < key.size(); ++i) {
    for (const char c : kBase62) {
      if (c == key[i]) continue;
      std::string typo = key;
      typo[i] = c;
      REQUIRE_FALSE(is_well_formed_key(typo));
    }
  }
}

TEST_CASE("key: swapped neighbours are noticed") {
  const std::string key = mint_key().expose();
  for (std::size_t i = 0; i + 1 < key.size(); ++i) {
    std::string typo = key;
    std::swap(typo[i], typo[i + 1]);
    if (typo != key) REQUIRE_FALSE(is_well_formed_key(typo));
  }
}

TEST_CASE("key: what has not the shape of a key is refused") {
  const std::string key = mint_key().expose();
  CHECK_FALSE(is_well_formed_key(""));
  CHECK_FALSE(is_well_formed_key("sk-nufi-"));
  CHECK_FALSE(is_well_formed_key(key.substr(0, 56)));
  CHECK_FALSE(is_well_formed_key(key + "0"));
  CHECK_FALSE(is_well_formed_key(" " + key.substr(1)));
  const std::string odd = "sk-nufi-" + std::string(43, '-');
  CHECK_FALSE(is_well_formed_key(odd + to_base62(crc32(odd), 6)));
}

TEST_CASE("key: only the last three characters are shown") {
  CHECK(mask_key("sk-nufi-abcdefgd7c") == "sk-nufi-…d7c");
  CHECK(mask_key("") == "sk-nufi-…");
}

TEST_CASE("key: keys in a text are hidden, also where one follows another") {
  const std::string key(mint_key().expose());
  CHECK(without_keys("no key") == "no key");
  CHECK(without_keys("a " + key + " b") == "a sk-nufi-… b");
  CHECK(without_keys(without_keys("a " + key + " b")) == "a sk-nufi-… b");
  CHECK(without_keys(key + key) == "sk-nufi-…sk-nufi-…");
  CHECK(without_keys("sk-nufi-abc" + key + ".") == "sk-nufi-…sk-nufi-….");
}

TEST_CASE("key: the strongest state wins") {
  Key key;
  CHECK(key_state(key, kNow, false) == KeyState::active);
  CHECK(key_state(key, kNow, true) == KeyState::exhausted);
  key.expires_at = kEarlier;
  CHECK(key_state(key, kNow, true) == KeyState::expired);
  key.disabled = true;
  CHECK(key_state(key, kNow, true) == KeyState::disabled);
  key.revoked_at = kEarlier;
  CHECK(key_state(key, kNow, true) == KeyState::revoked);
}

TEST_CASE("key: it expires at its very moment") {
  Key key;
  key.expires_at = kNow;
  CHECK(key_state(key, kNow - std::chrono::milliseconds(1), false) == KeyState::active);
  CHECK(key_state(key, kNow, false) == KeyState::expired);
}

TEST_CASE("key: only revoked and expired keys are dead") {
  Key key;
  key.disabled = true;
  CHECK_FALSE(is_dead(key, kNow));
  key.expires_at = kLater;
  CHECK_FALSE(is_dead(key, kNow));
  key.expires_at = kEarlier;
  CHECK(is_dead(key, kNow));
  key.expires_at.reset();
  key.revoked_at = kEarlier;
  CHECK(is_dead(key, kNow));
}

TEST_CASE("key: it expires when its lease ends, and a renewal before keeps it") {
  Key key;
  key.lease_expires_at = kNow + std::chrono::seconds(10);
  CHECK(key_state(key, kNow, false) == KeyState::active);
  renew_lease(key, std::chrono::seconds(30), kNow + std::chrono::seconds(9));
  CHECK(key_state(key, kNow + std::chrono::seconds(38), false) == KeyState::active);
  CHECK(key_state(key, kNow + std::chrono::seconds(39), false) == KeyState::expired);
  CHECK(is_dead(key, kNow + std::chrono::seconds(39)));
  CHECK_THROWS_WITH_AS(
      enable(key, kNow + std::chrono::seconds(39)), "the lease of the key has ended", Error);
}

TEST_CASE("key: a renewal that comes late revives a key that is not revoked yet") {
  Key key;
  key.lease_expires_at = kNow;
  renew_lease(key, kShortestLease, kNow + std::chrono::seconds(60));
  CHECK(key.lease_expires_at == kNow + std::chrono::seconds(65));
  key.expires_at = kNow + std::chrono::seconds(61);
  CHECK_THROWS_AS(renew_lease(key, kShortestLease, kNow + std::chrono::seconds(61)), Error);
  CHECK(key.lease_expires_at == kNow + std::chrono::seconds(65));
  key.expires_at.reset();
  revoke(key, kNow + std::chrono::seconds(62));
  CHECK_THROWS_AS(renew_lease(key, kShortestLease, kNow + std::chrono::seconds(62)), Error);
}

TEST_CASE("key: only a lease from 5 seconds to an hour is one, and only a leased key has one") {
  Key key;
  CHECK_THROWS_AS(renew_lease(key, std::chrono::seconds(30), kNow), Error);
  key.lease_expires_at = kNow + std::chrono::seconds(10);
  for (const int seconds : {4, 3601, -1}) {
    CHECK_THROWS_AS(renew_lease(key, std::chrono::seconds(seconds), kNow), Error);
  }
  renew_lease(key, kLongestLease, kNow);
  CHECK(key.lease_expires_at == kNow + kLongestLease);
}

TEST_CASE("key: a revoked one is archived if it had a lease, and not otherwise") {
  Key key;
  revoke(key, kNow);
  CHECK_FALSE(key.archived);
  Key leased;
  leased.lease_expires_at = kNow + std::chrono::seconds(10);
  revoke(leased, kNow);
  CHECK(leased.archived);
  unarchive(leased);
  revoke(leased, kNow);
  CHECK_FALSE(leased.archived);
}

TEST_CASE("key: it can be disabled and enabled again") {
  Key key;
  disable(key);
  disable(key);
  CHECK(key.disabled);
  enable(key, kNow);
  enable(key, kNow);
  CHECK_FALSE(key.disabled);
}

TEST_CASE("key: a revoke is final and keeps its first moment") {
  Key key;
  revoke(key, kEarlier);
  revoke(key, kNow);
  CHECK(key.revoked_at == kEarlier);
  CHECK_THROWS_AS(disable(key), Error);
  CHECK_THROWS_AS(enable(key, kNow), Error);
}

TEST_CASE("key: an expired key can't be enabled, and the hint says what to do") {
  Key key;
  key.expires_at = kEarlier;
  key.disabled = true;
  try {
    enable(key, kNow);
    FAIL("it was enabled");
  } catch (const Error& error) {
    CHECK(error.code() == Errc::conflict);
    CHECK_FALSE(error.hint().empty());
  }
  CHECK(key.disabled);
}

TEST_CASE("key: states and enforcement are known by name") {
  for (int i = 0; i <= static_cast<int>(KeyState::revoked); ++i) {
    const auto state = static_cast<KeyState>(i);
    CHECK(key_state_from_name(key_state_name(state)) == state);
  }
  CHECK(enforce_from_name("strict") == Enforce::strict);
  CHECK(enforce_from_name("soft") == Enforce::soft);
  CHECK_FALSE(enforce_from_name("hard").has_value());
  CHECK_FALSE(key_state_from_name("").has_value());
}

TEST_CASE("key: only a dead key can be archived, and it can be brought back into the list") {
  Key key;
  CHECK_THROWS_AS(archive(key, kNow), Error);
  key.disabled = true;
  CHECK_THROWS_AS(archive(key, kNow), Error);
  SUBCASE("revoked") {
    key.revoked_at = kEarlier;
  }
  SUBCASE("expired") {
    key.expires_at = kEarlier;
  }
  archive(key, kNow);
  archive(key, kNow);
  CHECK(key.archived);
  unarchive(key);
  unarchive(key);
  CHECK_FALSE(key.archived);
}

TEST_CASE("key: a rotation changes the secret and nothing else") {
  const Secret first = mint_key();
  const Secret second = mint_key();
  Key key;
  key.id = KeyId("key_1");
  key.name = "laptop";
  key.digest = sha256(first.expose());
  key.masked = mask_key(first.expose());
  key.created_at = kEarlier;
  CHECK(secret_made_at(key) == kEarlier);

  rotate(key, second, std::chrono::hours(24), kNow);

  CHECK(key.digest == sha256(second.expose()));
  CHECK(key.masked == mask_key(second.expose()));
  CHECK(key.rotated_at == kNow);
  CHECK(secret_made_at(key) == kNow);
  REQUIRE(key.former);
  CHECK(key.former->digest == sha256(first.expose()));
  CHECK(key.former->masked == mask_key(first.expose()));
  CHECK(overlap_end(key) == kNow + std::chrono::hours(24));
  CHECK(is_overlap_running(key, kNow));
  CHECK_FALSE(is_overlap_running(key, kNow + std::chrono::hours(24)));
  CHECK(key.id == KeyId("key_1"));
  CHECK(key.name == "laptop");
}

TEST_CASE("key: without an overlap the old secret ends at once, and the key can rotate again") {
  Key key;
  rotate(key, mint_key(), std::chrono::seconds(0), kNow);
  CHECK_FALSE(is_overlap_running(key, kNow));
  CHECK_FALSE(overlap_end(key).has_value());
  const Sha256 second = key.digest;
  rotate(key, mint_key(), std::chrono::seconds(0), kNow);
  CHECK(key.former->digest == second);
}

TEST_CASE("key: it can't be rotated while an overlap runs, when dead, or for longer than allowed") {
  Key key;
  const auto code_of = [&](std::chrono::seconds overlap, Timestamp now) {
    try {
      rotate(key, mint_key(), overlap, now);
    } catch (const Error& error) {
      CHECK_FALSE(error.hint().empty());
      return std::string(errc_name(error.code()));
    }
    return std::string("ok");
  };
  CHECK(code_of(std::chrono::seconds(-1), kNow) == "invalid");
  CHECK(code_of(kLongestOverlap + std::chrono::seconds(1), kNow) == "invalid");
  CHECK_FALSE(key.former.has_value());
  CHECK(code_of(std::chrono::hours(1), kNow) == "ok");
  const Sha256 digest = key.digest;
  CHECK(code_of(std::chrono::hours(1), kNow + std::chrono::minutes(59)) == "conflict");
  CHECK(key.digest == digest);
  CHECK(code_of(std::chrono::hours(1), kNow + std::chrono::minutes(60)) == "ok");
  key.expires_at = kNow + std::chrono::hours(5);
  CHECK(code_of({}, kNow + std::chrono::hours(5)) == "conflict");
  key.expires_at.reset();
  key.revoked_at = kNow;
  CHECK(code_of({}, kNow + std::chrono::hours(5)) == "conflict");
}
