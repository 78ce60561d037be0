#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/connection.hpp"
#include "lib/store/sqlite/query.hpp"

#include <string>
#include <string_view>

/// The table `forgiven`: the last reset of each window, whatever its period is.
namespace nufi::store::sqlite {

/// What the column of one metric is summed from, the same in requests and rollups.
std::string amount_column(domain::Metric metric);
/// The column that holds the subject of a window, in both.
std::string_view subject_column(domain::Scope scope);

/// Everything the subject has used is forgiven now; its calls that run will count.
void note_reset(Connection& connection, const domain::WindowId& window, Timestamp now);

/// True if the USD of this completed call were forgiven to the subject in `cycle`.
bool is_forgiven(Connection& connection,
                 domain::Scope scope,
                 const std::string& subject,
                 domain::RequestId call,
                 const domain::Cycle& cycle);

/// LedgerStore::forgiven_between().
std::int64_t forgiven_between(Connection& connection,
                              domain::Scope scope,
                              const std::string& subject,
                              domain::Metric metric,
                              Timestamp from,
                              Timestamp to);

}  // namespace nufi::store::sqlite
