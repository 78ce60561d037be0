#pragma once

#include "cli/context.hpp"
#include "lib/domain/health.hpp"

#include <vector>

namespace nufi::cli {

/// Prints `checks` by group: for people with what to do below what is wrong and a last line that
/// counts, in a pipe as rows of name, state, finding and remedy.
void show_doctor(Context& context, std::vector<domain::HealthCheck> checks);

}  // namespace nufi::cli
