#pragma once

#include "cli/context.hpp"
#include "lib/domain/views.hpp"

#include <vector>

namespace nufi::cli {

Listing list_of_accounts(const std::vector<domain::AccountView>& accounts);
Context::Rows rows_of_account(const domain::AccountView& view, Timestamp now);

}  // namespace nufi::cli
