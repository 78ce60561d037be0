#pragma once

#include "cli/context.hpp"
#include "lib/domain/views.hpp"

#include <vector>

/// How keys, and the budgets they share with accounts, look.
namespace nufi::cli {

/// Neither revoked nor expired.
bool is_live(domain::KeyState state);

Listing list_of_keys(const std::vector<domain::KeyView>& keys, bool with_account, Timestamp now);
Context::Rows rows_of_key(const domain::KeyView& view, Timestamp now);

/// budget, spent, remaining, tokens: the rows of a standing.
void add_standing_rows(Context::Rows& rows, const domain::Standing& standing, Timestamp now);
/// What is left of the budget.
Cell remaining_cell(const domain::Standing& standing);
Cell budget_cell(const domain::SpendLimits& limits);

/// `text` as one word of a shell's command line.
std::string shell_word(const std::string& text);

}  // namespace nufi::cli
