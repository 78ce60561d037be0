#pragma once

#include "cli/table.hpp"
#include "lib/domain/views.hpp"

#include <string>
#include <vector>

namespace nufi::cli {

/// Spend per day as columns over a time axis, in at most `screen.width` columns: a scale on the
/// left, every day of the range in its place also when it cost nothing, dates below. When there are
/// more days than columns, some neighbours share one and the last line says how many.
std::vector<std::string> draw_chart(const std::vector<domain::DayTotals>& days,
                                    const Screen& screen);

}  // namespace nufi::cli
