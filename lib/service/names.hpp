#pragma once

#include "lib/domain/account.hpp"
#include "lib/store/people.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::service {

/// Accounts, projects and groups by id, read once per use case, so that ids become names.
class Names {
 public:
  /// Blocks on the database. Throws Error{unavailable}.
  explicit Names(store::People& people);

  /// The shown name, or the id itself for one we do not know (any more).
  [[nodiscard]] std::string account(const domain::AccountId& id) const;
  [[nodiscard]] std::string project(const domain::ProjectId& id) const;
  [[nodiscard]] std::string group(const domain::GroupId& id) const;

  /// The project of `account` that `word` (name or id) means. Throws Error{not_found}.
  [[nodiscard]] const domain::Project& find_project(const domain::AccountId& account,
                                                    std::string_view word) const;
  /// The group that `word` (name or id) means. Throws Error{not_found}.
  [[nodiscard]] const domain::Group& find_group(std::string_view word) const;

 private:
  std::map<domain::AccountId, domain::Account> accounts_;
  std::map<domain::ProjectId, domain::Project> projects_;
  std::map<domain::GroupId, domain::Group> groups_;
};

}  // namespace nufi::service
