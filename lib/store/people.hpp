#pragma once

#include "lib/domain/account.hpp"
#include "lib/store/audit.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace nufi::store {

/// Accounts, projects and groups. One method is one transaction. Thread-safe. Throws
/// Error{unavailable} if the database can't be read or written, Error{conflict} for a name taken,
/// Error{not_found} from update_… if the id is gone.
class People {
 public:
  virtual ~People() = default;

  /// Inserts the account with its project.
  virtual void insert_account(const domain::Account& account,
                              const domain::Project& project,
                              const AuditEntry& audit) = 0;
  virtual void update_account(const domain::Account& account, const AuditEntry& audit) = 0;
  virtual std::optional<domain::Account> account_by_uid(std::int64_t uid) = 0;
  virtual std::vector<domain::Account> accounts() = 0;

  virtual void insert_project(const domain::Project& project, const AuditEntry& audit) = 0;
  virtual void update_project(const domain::Project& project, const AuditEntry& audit) = 0;
  /// Those that can be used.
  virtual std::vector<domain::Project> projects() = 0;
  /// Frees the name; the reports still know it. Throws Error{conflict} while a key that is not
  /// revoked lies in it.
  virtual void delete_project(const domain::ProjectId& id, const AuditEntry& audit) = 0;
  /// Those that were deleted, with the names they had.
  virtual std::vector<domain::Project> deleted_projects() = 0;
  /// How many keys that are not revoked lie in each project of `account` (everyone's if
  /// std::nullopt); projects without any are left out.
  virtual std::map<domain::ProjectId, std::int64_t> live_keys_by_project(
      const std::optional<domain::AccountId>& account) = 0;

  virtual void insert_group(const domain::Group& group, const AuditEntry& audit) = 0;
  /// Upstreams that name the group follow a new name.
  virtual void update_group(const domain::Group& group, const AuditEntry& audit) = 0;
  /// Those that can be used.
  virtual std::vector<domain::Group> groups() = 0;
  /// Frees the name. Throws Error{conflict} while a key that is not revoked is in it.
  virtual void delete_group(const domain::GroupId& id, const AuditEntry& audit) = 0;
  /// Those that were deleted, with the names they had.
  virtual std::vector<domain::Group> deleted_groups() = 0;
  /// How many keys that are not revoked are in each group; groups without any are left out.
  virtual std::map<domain::GroupId, std::int64_t> live_keys_by_group() = 0;
};

}  // namespace nufi::store
