#pragma once

#include "lib/domain/health.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <vector>

namespace nufi::service {

/// What nufid finds out about itself for `nufi doctor`: its files, database, journal, disk and
/// clock, whether upstreams answer and take their secrets, prices, and keys that somebody should
/// look at. A member gets what a member may know: its own keys and the health of upstreams. Checks
/// that need a provider's answer are skipped when `offline`; they ask only for lists of models,
/// which costs nothing. Never throws for what is wrong: that is in the checks. Blocks, some seconds
/// at most.
std::vector<domain::HealthCheck> examine(const Context& context, const Actor& actor, bool offline);

}  // namespace nufi::service
