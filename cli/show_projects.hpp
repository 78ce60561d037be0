#pragma once

#include "cli/context.hpp"
#include "lib/domain/views.hpp"

#include <vector>

namespace nufi::cli {

Listing list_of_projects(const std::vector<domain::ProjectView>& projects, bool with_account);
Context::Rows rows_of_project(const domain::ProjectView& view, Timestamp now);

}  // namespace nufi::cli
