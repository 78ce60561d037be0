#pragma once

#include "lib/base/error.hpp"
#include "lib/store/store.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Values to put into a store, and the errors it throws.
namespace nufi::store::examples {

/// 2026-08-01T10:00:00Z, a quarter of an hour.
Timestamp morning();

AuditEntry audit(std::string action);
domain::Account account(std::string id, std::int64_t uid);
domain::Project project(std::string id, const domain::AccountId& owner, std::string name);
/// An account `acct_a` (uid 1000) with its project `proj_a`.
void add_people(Store& store);
/// A key of acct_a; its digest is made from the id.
domain::Key key(std::string id, std::string name);
domain::Upstream upstream(std::string id, std::string name);

/// A completed call of `key` at morning + `minute` that cost `nanos` and used 10 + 5 tokens.
domain::LedgerRow row(const domain::Key& key, std::int64_t minute, std::int64_t nanos);
/// Each row with its rollup, and the month's and total windows that hold all of them, as the ledger
/// writes them.
LedgerBatch batch_of(const std::vector<domain::LedgerRow>& rows);

/// The code of the Error that `work` throws, with its message; "" if it throws none.
template <class Work>
std::string error_of(Work&& work) {
  try {
    work();
  } catch (const Error& error) {
    return std::string(errc_name(error.code())) + ": " + error.what();
  }
  return "";
}

}  // namespace nufi::store::examples
