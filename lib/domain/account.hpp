#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/ids.hpp"
#include "lib/domain/price.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nufi::domain {

enum class Role { admin, member };

/// A person: one per operating-system user.
struct Account {
  AccountId id;
  std::int64_t uid = 0;      ///< operating-system user
  std::string username;      ///< its login name at first use
  std::string display_name;  ///< profile, may be empty
  std::string email;         ///< profile, may be empty
  SpendLimits limits;
  Timestamp created_at;
};

/// A folder of keys inside an account. Every account has one called "default".
struct Project {
  ProjectId id;
  AccountId account;
  std::string name;
  SpendLimits limits;
  std::vector<std::string> allowed_models;  ///< globs; empty = all
  Timestamp created_at;
};

/// A pricing tier. "default" always exists.
struct Group {
  GroupId id;
  std::string name;
  Multiplier multiplier = kMultiplierOne;
  std::vector<std::string> allowed_models;  ///< globs; empty = all
  std::optional<std::int64_t> rpm;          ///< ceiling for each key
  std::optional<std::int64_t> tpm;
  std::vector<std::string> upstreams;  ///< names; empty = all
  Timestamp created_at;
};

}  // namespace nufi::domain
