#pragma once

#include "cli/context.hpp"
#include "lib/domain/views.hpp"

namespace nufi::cli {

/// After `nufi up`: from a nufid without a provider to the first call. Asks whoever is at the
/// terminal, one question after the other, each with a default; in a pipe, with --yes, --json or
/// --quiet it asks nothing, and says what comes next at most.
void lead_on(Context& context, const domain::StatusView& status);

}  // namespace nufi::cli
