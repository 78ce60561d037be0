#pragma once

#include "lib/base/secret.hpp"
#include "lib/domain/account.hpp"
#include "lib/domain/price.hpp"
#include "lib/domain/upstream.hpp"

#include <string>
#include <vector>

namespace nufi::domain {

/// An upstream with its secret read (env, file, command or unsealed).
struct ReadyUpstream {
  Upstream upstream;
  Secret secret;        ///< empty when it needs none
  std::string problem;  ///< why the secret can't be read: calls must not go there; "" = ready
};

/// Everything calls depend on but keys: small, so it is handed over whole on every change.
struct World {
  std::vector<Account> accounts;
  std::vector<Project> projects;
  std::vector<Group> groups;
  std::vector<ReadyUpstream> upstreams;
  std::vector<Price> own_prices;       ///< set by the operator, and of built-in upstreams
  std::vector<Price> imported_prices;  ///< from a price list; they stand over the catalogue's
};

}  // namespace nufi::domain
