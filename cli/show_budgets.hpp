#pragma once

#include "cli/table.hpp"
#include "lib/domain/views.hpp"

#include <string>
#include <vector>

namespace nufi::cli {

/// How full a budget is, in `width` columns: what is spent, what calls in flight hold, what is
/// left. Whoever spent anything sees it, and only what is used up looks full. `spent` and `held`
/// are of `limit`, all in one unit.
std::string draw_bar(
    std::int64_t spent, std::int64_t held, std::int64_t limit, int width, bool unicode);

/// A budget (or token limit) and whose it is.
struct BudgetLine {
  std::string name;
  domain::Standing standing;
};

/// A bar for each of `lines` that has a limit, the fullest first, at most `most` of them. The table
/// is empty if none has one.
Table table_of_budgets(std::vector<BudgetLine> lines,
                       std::size_t most,
                       const Screen& screen,
                       Timestamp now);

}  // namespace nufi::cli
