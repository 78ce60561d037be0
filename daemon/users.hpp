#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/sync.hpp"

#include <cstdint>
#include <map>
#include <string>

namespace nufi::daemon {

/// The users and groups of the operating system. Thread-safe; may block on its directory service.
class Users {
 public:
  /// `admin_group`: the name of the group whose members are admins. `clock` is lent.
  Users(const Clock& clock, std::string admin_group);

  /// The login name of `uid`, "" if it has none.
  [[nodiscard]] static std::string name_of(std::int64_t uid);

  /// True if `uid` is in the admin group, as its primary group too; false for a user without a
  /// login name. Looked up anew after a few seconds, so a change counts soon.
  [[nodiscard]] bool is_admin(std::int64_t uid) const;

 private:
  struct Known {
    bool is_admin = false;
    SteadyTime until{};
  };

  const Clock& clock_;
  const std::string admin_group_;
  mutable Sync<std::map<std::int64_t, Known>> known_;
};

}  // namespace nufi::daemon
