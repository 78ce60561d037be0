#pragma once

#include "lib/domain/ledger_row.hpp"
#include "lib/store/sqlite/connection.hpp"

#include <string>

/// The table `requests`: one row per admitted call.
namespace nufi::store::sqlite {

/// All columns, in the order of add_row() and read_row(), for SELECT and INSERT.
const std::string& request_columns();

/// Binds all columns without copying a text: `row` must live until the statement has run.
void add_row(Query& query, const domain::LedgerRow& row);
domain::LedgerRow read_row(Query& query);

/// Rows before this quarter of an hour may be gone by age (meta `rows_kept_from`).
Timestamp rows_kept_from(Connection& connection);

/// The least id of a row of `time` or later.
std::int64_t first_id_at(Timestamp time);

}  // namespace nufi::store::sqlite
