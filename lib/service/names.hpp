#pragma once

#include "lib/domain/account.hpp"
#include "lib/service/actor.hpp"
#include "lib/store/people.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::service {

/// Throws Error{invalid} unless `name` can name a thing whose ids begin with `prefix` ("proj_"): it
/// must not look like an id.
void check_name(std::string_view name, std::string_view prefix);

/// Accounts, projects and groups by id, read once per use case, so that ids become names.
class Names {
 public:
  /// Blocks on the database. Throws Error{unavailable}.
  explicit Names(store::People& people);

  /// The shown name, also of what was deleted; the id itself for one we do not know (any more).
  [[nodiscard]] std::string account(const domain::AccountId& id) const;
  [[nodiscard]] std::string project(const domain::ProjectId& id) const;
  [[nodiscard]] std::string group(const domain::GroupId& id) const;

  /// The project of `account` that `word` (name or id) means. Throws Error{not_found}, and so do
  /// the next two.
  [[nodiscard]] const domain::Project& find_project(const domain::AccountId& account,
                                                    std::string_view word) const;
  /// The project that `word` means to `actor`: one of its own, or for an admin anybody's by its id.
  [[nodiscard]] const domain::Project& find_project(const Actor& actor,
                                                    std::string_view word) const;
  /// The group that `word` (name or id) means.
  [[nodiscard]] const domain::Group& find_group(std::string_view word) const;

 private:
  [[nodiscard]] std::string deleted(const std::string& id) const;

  std::map<domain::AccountId, domain::Account> accounts_;
  std::map<domain::ProjectId, domain::Project> projects_;
  std::map<domain::GroupId, domain::Group> groups_;
  std::map<std::string, std::string> deleted_;  ///< id → name of projects and groups
};

}  // namespace nufi::service
