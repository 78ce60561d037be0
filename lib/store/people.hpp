#pragma once

#include "lib/domain/account.hpp"
#include "lib/store/audit.hpp"

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
  virtual std::vector<domain::Project> projects() = 0;

  virtual void insert_group(const domain::Group& group, const AuditEntry& audit) = 0;
  virtual void update_group(const domain::Group& group, const AuditEntry& audit) = 0;
  virtual std::vector<domain::Group> groups() = 0;
};

}  // namespace nufi::store
