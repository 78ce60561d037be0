#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/connection.hpp"

namespace nufi::store::sqlite {

/// Proves that the summaries are the sums of the rollups, all of them and nothing else; adds to
/// `report.faults` what is not. Within the caller's read transaction.
void verify_summaries(Connection& connection, VerifyReport& report);

}  // namespace nufi::store::sqlite
