#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/connection.hpp"

namespace nufi::store::sqlite {

/// Compares each window with the sum of what its subject used in its cycle, and adds to `report`.
/// What was used last, a window must count. Cycles that are summed from rows and began before
/// `rows_kept_from` are left alone. Runs inside the caller's transaction.
void verify_windows(Connection& connection, Timestamp rows_kept_from, VerifyReport& report);

}  // namespace nufi::store::sqlite
