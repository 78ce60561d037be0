#pragma once

#include "cli/context.hpp"
#include "lib/domain/views.hpp"

#include <vector>

namespace nufi::cli {

/// On a terminal: why the upstreams that can't be called now can't, a line for each.
void note_problems(const Context& context, const std::vector<domain::UpstreamView>& upstreams);

Listing list_of_upstreams(const std::vector<domain::UpstreamView>& upstreams);
Context::Rows rows_of_upstream(const domain::UpstreamView& view);
Listing list_of_steps(const std::vector<domain::ProbeStep>& steps);
Listing list_of_servers(const std::vector<domain::LocalServer>& servers);

}  // namespace nufi::cli
