#include "lib/store/sqlite/responses.hpp"

#include "lib/store/sqlite/query.hpp"

namespace nufi::store::sqlite {
namespace {

/// Deleted in one transaction at most: who waits to write waits that long.
constexpr std::int64_t kDeletedAtOnce = 500;

}  // namespace

void write_responses(Connection& connection, const std::vector<StoredResponse>& responses) {
  if (responses.empty()) return;
  Query query(
      connection.prepared("INSERT OR REPLACE INTO responses (id, upstream_id, upstream, "
                          "account_id, key_id, created_at) VALUES (?, ?, ?, ?, ?, ?)"));
  for (const auto& response : responses) {
    query.add(response.id)
        .add(response.upstream)
        .add(response.upstream_name)
        .add(response.account)
        .add(response.key)
        .add(response.created_at);
    query.run_again();
  }
}

std::optional<StoredResponse> find_response(Connection& connection, const std::string& id) {
  Query row(
      connection.prepared("SELECT upstream_id, upstream, account_id, key_id, created_at "
                          "FROM responses WHERE id = ?"));
  row.add(id);
  if (!row.step()) return std::nullopt;
  StoredResponse response;
  response.id = id;
  response.upstream = domain::UpstreamId(row.text());
  response.upstream_name = row.text();
  response.account = domain::AccountId(row.text());
  response.key = domain::KeyId(row.text());
  response.created_at = row.time();
  return response;
}

void delete_response(Connection& connection, const std::string& id) {
  Query(connection.prepared("DELETE FROM responses WHERE id = ?")).add(id).run();
}

std::int64_t delete_old_responses(Connection& connection, Timestamp before) {
  return Query(connection.prepared("DELETE FROM responses WHERE id IN (SELECT id FROM responses "
                                   "WHERE created_at < ? ORDER BY created_at LIMIT ?)"))
      .add(before)
      .add(kDeletedAtOnce)
      .run();
}

}  // namespace nufi::store::sqlite
