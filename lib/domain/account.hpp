#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/ids.hpp"
#include "lib/domain/price.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
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

/// The project and the group that always exist: they can be neither renamed nor deleted.
inline constexpr std::string_view kDefaultName = "default";

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
  std::optional<std::int64_t> max_parallel;  ///< calls at once of each key
  std::vector<std::string> upstreams;        ///< names; empty = all
  Timestamp created_at;
};

/// The most a group may multiply prices by; the least is a millionth.
inline constexpr Multiplier kMostMultiplier = 1000 * kMultiplierOne;

/// Reads "1.5": more than 0, at most 1000, at most six digits after the point. std::nullopt for
/// anything else.
std::optional<Multiplier> parse_multiplier(std::string_view text);
/// The exact decimal without padding: "1", "1.5", "0.000001".
std::string format_multiplier(Multiplier multiplier);

}  // namespace nufi::domain
