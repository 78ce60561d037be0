#pragma once

#include "cli/context.hpp"
#include "lib/base/time_zone.hpp"
#include "lib/domain/views.hpp"

#include <optional>
#include <string>
#include <vector>

/// How usage and requests look.
namespace nufi::cli {

/// One row per name; `title` is what the names are.
Table table_of_totals(const std::string& title, const std::vector<domain::NamedTotals>& totals);
/// Of a report: its `by`, or its days when it is by day.
Table table_of_report(const domain::UsageReport& report);
Context::Rows rows_of_totals(const domain::UsageTotals& totals);
/// The chart of its days.
void print_chart(const Context& context, const domain::UsageReport& report);

/// With `follow` the rows shall stand below those of other lists of that kind: as much of a column
/// as most need is kept free, and times are those of a clock in that zone.
Listing list_of_requests(const std::vector<domain::RequestView>& requests,
                         Timestamp now,
                         const std::optional<TimeZone>& follow = std::nullopt);

}  // namespace nufi::cli
