#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/connection.hpp"

namespace nufi::store::sqlite {

/// Reads the whole ledger at one moment and compares rows, rollups and windows. What a reader must
/// trust is the rows; where they are gone by age (meta `rows_kept_from`), the rollups.
VerifyReport verify_ledger(Connection& connection);

}  // namespace nufi::store::sqlite
