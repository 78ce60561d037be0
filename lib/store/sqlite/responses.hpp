#pragma once

#include "lib/store/ledger_store.hpp"
#include "lib/store/sqlite/connection.hpp"

#include <optional>
#include <string>
#include <vector>

/// The table `responses`: what upstreams keep, and for whom.
namespace nufi::store::sqlite {

/// The latest of one id stands: an upstream that uses an id again has let go of the former one.
void write_responses(Connection& connection, const std::vector<StoredResponse>& responses);
std::optional<StoredResponse> find_response(Connection& connection, const std::string& id);
void delete_response(Connection& connection, const std::string& id);
/// Deletes some of those made before `before`, the oldest first; returns how many.
std::int64_t delete_old_responses(Connection& connection, Timestamp before);

}  // namespace nufi::store::sqlite
