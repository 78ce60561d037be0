#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/ids.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

enum class KeyState { active, disabled, expired, exhausted, revoked };
enum class Enforce { strict, soft };

std::string_view key_state_name(KeyState state) noexcept;
std::optional<KeyState> key_state_from_name(std::string_view name) noexcept;
std::string_view enforce_name(Enforce enforce) noexcept;
std::optional<Enforce> enforce_from_name(std::string_view name) noexcept;

/// The secret that a key had before it was rotated last; it serves until `dies_at`.
struct FormerSecret {
  Sha256 digest{};
  std::string masked;
  Timestamp dies_at;
};

/// What is remembered of a key; never the key itself.
struct Key {
  KeyId id;
  std::string name;
  AccountId account;
  ProjectId project;
  GroupId group;
  KeyId parent;        ///< the key whose limits hold for this one as well, for good; empty = none
  Sha256 digest{};     ///< of the whole key text
  std::string masked;  ///< "sk-nufi-…d7c"
  Timestamp created_at;
  std::optional<Timestamp> rotated_at;  ///< when it got the secret it has now, if by a rotation
  std::optional<FormerSecret> former;   ///< set by a rotation; its overlap may have ended since
  std::optional<Timestamp> last_used_at;
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> lease_expires_at;  ///< it expires then, unless the lease is renewed
  std::optional<Timestamp> revoked_at;
  bool disabled = false;
  bool archived = false;
  SpendLimits limits;
  std::optional<std::int64_t> rpm;
  std::optional<std::int64_t> tpm;
  std::optional<std::int64_t> max_parallel;
  std::vector<std::string> allowed_models;  ///< globs; empty = all
  std::vector<std::string> allowed_ips;     ///< CIDR; empty = all
  Enforce enforce = Enforce::strict;
  bool trace = false;              ///< prompts and answers of its calls are kept
  bool trace_errors_only = false;  ///< with `trace`: only of calls that fail
};

/// The state at `now`. The strongest wins: revoked, disabled, expired, exhausted, active.
/// `total_used_up`: a `total` budget or token limit has nothing left.
KeyState key_state(const Key& key, Timestamp now, bool total_used_up);

/// True for a key that is revoked, has expired or whose lease has ended: only such can be archived.
bool is_dead(const Key& key, Timestamp now);

/// Both the key's secret and its former one serve at `now`.
bool is_overlap_running(const Key& key, Timestamp now);
/// When the overlap of the last rotation ends or ended; std::nullopt if there was none.
std::optional<Timestamp> overlap_end(const Key& key);
/// When its secret was made: what its age counts from.
Timestamp secret_made_at(const Key& key);

/// A rotation's overlap is at most this long.
inline constexpr std::chrono::seconds kLongestOverlap = std::chrono::days(90);

/// A key that is made for one run lives as long as whoever runs it renews its lease.
inline constexpr std::chrono::seconds kShortestLease{5};
inline constexpr std::chrono::seconds kLongestLease{3600};

/// Legal moves (PRODUCT §4). Each throws Error{conflict} with a hint when the key's state forbids
/// it; revoking a revoked key, disabling a disabled one, archiving an archived one and so on change
/// nothing.
void disable(Key& key);
void enable(Key& key, Timestamp now);
/// A leased key is archived as well: it was made for one run, and lists are not to be full of such.
void revoke(Key& key, Timestamp now);
void archive(Key& key, Timestamp now);
void unarchive(Key& key);
/// Gives the key `secret`; the one it has serves for `overlap` more. Throws Error{invalid} for an
/// overlap that is negative or longer than kLongestOverlap, Error{conflict} for a dead key and
/// while an overlap runs.
void rotate(Key& key, const Secret& secret, std::chrono::seconds overlap, Timestamp now);

/// Its lease ends `lease` after `now`. Throws Error{invalid} for a lease that is too short or too
/// long, Error{conflict} for a dead key or one without a lease.
void renew_lease(Key& key, std::chrono::seconds lease, Timestamp now);

/// `sk-nufi-` and what credential.hpp says.
Secret mint_key();
/// True if `text` has the shape of a key and its checksum is right: a typo is told without a
/// lookup.
bool is_well_formed_key(std::string_view text) noexcept;
/// `text` with every key and access token in it (or what begins like one) masked: for what a caller
/// may have put in the wrong place.
std::string without_keys(std::string_view text);
/// "sk-nufi-…" + the last 3 characters.
std::string mask_key(std::string_view key_text);

}  // namespace nufi::domain
