#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"

namespace nufi::domain {

/// What opens the web console once.
struct ConsoleLink {
  Secret url;  ///< with its code in the fragment, which browsers keep to themselves
  Timestamp expires_at;
};

}  // namespace nufi::domain
