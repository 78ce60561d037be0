#pragma once

#include "lib/domain/key.hpp"
#include "lib/store/audit.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::store {

struct KeyFilter {
  std::optional<domain::AccountId> account;  ///< std::nullopt = everyone's
  std::optional<domain::ProjectId> project;
  bool archived = false;   ///< only the archived ones; otherwise none of them
  std::int64_t limit = 0;  ///< 0 = all
  std::string after;       ///< id of the last one of the page before; "" = from the start
};

/// What is left of a removed key.
struct RemovedKey {
  domain::KeyId id;
  std::string name;
  domain::AccountId account;
};

/// Keys. One method is one transaction. Thread-safe. Throws Error{unavailable} if the database
/// can't be read or written.
class Keys {
 public:
  virtual ~Keys() = default;
  /// Throws Error{conflict} if a live (not revoked) key of the account has the name.
  virtual void insert(const domain::Key& key, const AuditEntry& audit) = 0;
  /// Overwrites everything but id, account, parent,
  /// created_at, last_used_at. Throws Error{conflict} as
  /// insert does, Error{not_found} if the id is gone.
  virtual void update(const domain::Key& key, const AuditEntry& audit) = 0;
  /// The same for several keys, all or none; `audits` has an entry for each.
  virtual void update_all(const std::vector<domain::Key>& keys,
                          const std::vector<AuditEntry>& audits) = 0;
  /// Takes the key away; its id and name are kept for the reports. Throws Error{not_found} if the
  /// id is gone.
  virtual void remove(const domain::KeyId& id, const AuditEntry& audit) = 0;
  virtual std::optional<domain::Key> by_id(const domain::KeyId& id) = 0;
  /// Keys of `account` (everyone's if std::nullopt) that `word` can mean: the live key with that
  /// name, else the newest revoked one with it, else the keys whose id is `word` or starts with it.
  virtual std::vector<domain::Key> matching(const std::optional<domain::AccountId>& account,
                                            std::string_view word) = 0;
  /// The names of keys by id, removed ones too; ids nobody ever had are left out.
  virtual std::map<domain::KeyId, std::string> names(const std::vector<domain::KeyId>& ids) = 0;
  /// The removed key of `account` (anyone's if std::nullopt) that has the id or, as the last one
  /// removed, the name `word`.
  virtual std::optional<RemovedKey> removed(const std::optional<domain::AccountId>& account,
                                            std::string_view word) = 0;
  /// Oldest first.
  virtual std::vector<domain::Key> list(const KeyFilter& filter) = 0;
  /// Those whose parent this is and that are not revoked, oldest first.
  virtual std::vector<domain::Key> children(const domain::KeyId& parent) = 0;
  /// Those that have a lease and are not revoked, the first to end first.
  virtual std::vector<domain::Key> leased() = 0;
  /// Writes when the leases of these keys end, and nothing else: a renewal is no change that
  /// anybody has to know of. Ids that are gone are left out.
  virtual void renew_leases(const std::vector<domain::Key>& keys) = 0;
  /// How many keys of `account` (everyone's if std::nullopt) are neither revoked nor expired.
  virtual std::int64_t count_live(const std::optional<domain::AccountId>& account,
                                  Timestamp now) = 0;
};

}  // namespace nufi::store
