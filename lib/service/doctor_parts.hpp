#pragma once

#include "lib/domain/health.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <vector>

/// Inside the doctor only: what it looks at, by subject. Each may throw Error.
namespace nufi::service {

/// Adds to what was found.
using Findings = std::vector<domain::HealthCheck>;

/// Files, database, journal, disk, clock and trusted roots.
void examine_storage(const Context& context, Findings& findings);
void examine_machine(const Context& context, Findings& findings);
/// Whether upstreams answer and take their secrets. `by_asking`: now, else as calls have found.
void examine_upstreams(const Context& context,
                       const Actor& actor,
                       bool by_asking,
                       Findings& findings);
/// Prices that are old or missing.
void examine_prices(const Context& context, Findings& findings);
/// Keys of the actor's (an admin's: everyone's) that are old or unlimited.
void examine_keys(const Context& context, const Actor& actor, Findings& findings);

}  // namespace nufi::service
