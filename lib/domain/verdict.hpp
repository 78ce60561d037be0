#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/budget.hpp"

#include <optional>
#include <string>

namespace nufi::domain {

/// Why a call may not go. The gateway maps each to status, type and code of PRODUCT §7's table.
enum class Denial {
  no_key,
  bad_key,
  key_revoked,
  key_rotated,  ///< a secret that a rotation has replaced
  key_disabled,
  key_expired,
  model_not_allowed,
  ip_not_allowed,
  model_not_found,
  model_price_unknown,
  budget_reached,
  token_limit_reached,
  rate_requests,
  rate_tokens,
  rate_parallel,
};

/// Which window said no, for an honest refusal.
struct WindowRefusal {
  WindowId window;
  WindowState state;
  std::int64_t limit = 0;
  std::int64_t ask = 0;  ///< what the call needed at least
};

}  // namespace nufi::domain
