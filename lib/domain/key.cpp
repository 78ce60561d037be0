#include "lib/domain/key.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/credential.hpp"

namespace nufi::domain {
namespace {

bool has_lease_ended(const Key& key, Timestamp now) {
  return key.lease_expires_at.has_value() && *key.lease_expires_at <= now;
}

bool has_expired(const Key& key, Timestamp now) {
  return (key.expires_at.has_value() && *key.expires_at <= now) || has_lease_ended(key, now);
}

void require_not_expired(const Key& key, Timestamp now) {
  if (key.expires_at && *key.expires_at <= now) {
    throw Error(
        Errc::conflict, "the key has expired", "give it a new expiry with keys edit --expires");
  }
}

void require_not_revoked(const Key& key) {
  if (key.revoked_at) {
    throw Error(Errc::conflict, "the key is revoked", "a revoke is final: create a new key");
  }
}

void require_live(const Key& key, Timestamp now) {
  require_not_revoked(key);
  if (has_lease_ended(key, now)) {
    throw Error(Errc::conflict, "the lease of the key has ended", "create a new key");
  }
  require_not_expired(key, now);
}

}  // namespace

std::string_view key_state_name(KeyState state) noexcept {
  switch (state) {
    case KeyState::active:
      return "active";
    case KeyState::disabled:
      return "disabled";
    case KeyState::expired:
      return "expired";
    case KeyState::exhausted:
      return "exhausted";
    case KeyState::revoked:
      return "revoked";
  }
  return "";
}

std::optional<KeyState> key_state_from_name(std::string_view name) noexcept {
  for (const KeyState state : {KeyState::active,
                               KeyState::disabled,
                               KeyState::expired,
                               KeyState::exhausted,
                               KeyState::revoked}) {
    if (key_state_name(state) == name) return state;
  }
  return std::nullopt;
}

std::string_view enforce_name(Enforce enforce) noexcept {
  switch (enforce) {
    case Enforce::strict:
      return "strict";
    case Enforce::soft:
      return "soft";
  }
  return "";
}

std::optional<Enforce> enforce_from_name(std::string_view name) noexcept {
  for (const Enforce enforce : {Enforce::strict, Enforce::soft}) {
    if (enforce_name(enforce) == name) return enforce;
  }
  return std::nullopt;
}

KeyState key_state(const Key& key, Timestamp now, bool total_used_up) {
  if (key.revoked_at) return KeyState::revoked;
  if (key.disabled) return KeyState::disabled;
  if (has_expired(key, now)) return KeyState::expired;
  return total_used_up ? KeyState::exhausted : KeyState::active;
}

bool is_dead(const Key& key, Timestamp now) {
  return key.revoked_at.has_value() || has_expired(key, now);
}

void disable(Key& key) {
  require_not_revoked(key);
  key.disabled = true;
}

void enable(Key& key, Timestamp now) {
  require_live(key, now);
  key.disabled = false;
}

void revoke(Key& key, Timestamp now) {
  if (key.revoked_at) return;
  key.revoked_at = now;
  if (key.lease_expires_at) key.archived = true;
}

void archive(Key& key, Timestamp now) {
  if (!is_dead(key, now)) {
    throw Error(Errc::conflict,
                "the key can still be used, so it can't be archived",
                "revoke it first: nufi keys revoke " + key.name);
  }
  key.archived = true;
}

void unarchive(Key& key) {
  key.archived = false;
}

bool is_overlap_running(const Key& key, Timestamp now) {
  return key.former && now < key.former->dies_at;
}

std::optional<Timestamp> overlap_end(const Key& key) {
  if (!key.former || key.former->dies_at == key.rotated_at) return std::nullopt;
  return key.former->dies_at;
}

Timestamp secret_made_at(const Key& key) {
  return key.rotated_at.value_or(key.created_at);
}

void rotate(Key& key, const Secret& secret, std::chrono::seconds overlap, Timestamp now) {
  if (overlap.count() < 0 || overlap > kLongestOverlap) {
    throw Error(
        Errc::invalid, "an overlap must be from 0 seconds to 90 days", "for example 24h or 7d");
  }
  require_live(key, now);
  if (is_overlap_running(key, now)) {
    throw Error(
        Errc::conflict,
        "the key was rotated before, and its old secret works until " +
            format_rfc3339(key.former->dies_at),
        "rotate it again after that; to end both secrets now: nufi keys revoke " + key.name);
  }
  key.former = FormerSecret{key.digest, std::move(key.masked), now + overlap};
  key.rotated_at = now;
  key.digest = sha256(secret.expose());
  key.masked = mask_key(secret.expose());
}

void renew_lease(Key& key, std::chrono::seconds lease, Timestamp now) {
  if (lease < kShortestLease || lease > kLongestLease) {
    throw Error(Errc::invalid, "lease_seconds must be a whole number from 5 to 3600");
  }
  require_not_revoked(key);
  require_not_expired(key, now);
  if (!key.lease_expires_at) {
    throw Error(Errc::conflict, "the key has no lease", "only a key that was created with one has");
  }
  // One that has ended, and whose key nufid has not revoked yet, is revived: calls were refused in
  // between, and whoever renews it is there.
  key.lease_expires_at = now + lease;
}

Secret mint_key() {
  return mint_credential(kKeyPrefix);
}

bool is_well_formed_key(std::string_view text) noexcept {
  return is_well_formed_credential(kKeyPrefix, text);
}

std::string without_keys(std::string_view text) {
  return without_credentials(text);
}

std::string mask_key(std::string_view key_text) {
  return mask_credential(kKeyPrefix, key_text);
}

}  // namespace nufi::domain
