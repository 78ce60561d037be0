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
/// The condition that a row of either counts in a window of the subject that `parameter` ("?2")
/// holds: a key's windows count its children's calls, too.
std::string of_subject(domain::Scope scope, const std::string& parameter);

/// The query for the ids whose calls the windows of the key that `parameter` holds count.
std::string family(const std::string& parameter);

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
