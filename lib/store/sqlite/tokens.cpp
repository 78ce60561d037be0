#include "lib/store/sqlite/tokens.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/values.hpp"

#include <string>

namespace nufi::store::sqlite {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, account_id, name, digest, masked, created_at, last_used_at, expires_at, revoked_at "
    "FROM tokens ";

domain::AccessToken read_token(Query& row) {
  domain::AccessToken token;
  token.id = domain::TokenId(row.text());
  token.account = domain::AccountId(row.text());
  token.name = row.text();
  token.digest = read_digest(row.text(), token.id.text());
  token.masked = row.text();
  token.created_at = row.time();
  token.last_used_at = row.maybe_time();
  token.expires_at = row.maybe_time();
  token.revoked_at = row.maybe_time();
  return token;
}

std::vector<domain::AccessToken> read_tokens(Query& row) {
  std::vector<domain::AccessToken> tokens;
  while (row.step()) tokens.push_back(read_token(row));
  return tokens;
}

}  // namespace

void SqliteTokens::insert(const domain::AccessToken& token, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "INSERT INTO tokens (id, account_id, name, digest, masked, created_at, last_used_at, "
        "expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    query.add(token.id)
        .add(token.account)
        .add(token.name)
        .add_bytes(bytes_of(token.digest))
        .add(token.masked)
        .add(token.created_at)
        .add(token.last_used_at)
        .add(token.expires_at)
        .add(token.revoked_at);
    unless_taken("tokens.name",
                 "a token named '" + token.name + "' already exists",
                 "choose another name, or revoke that token first",
                 [&] { query.run(); });
    record(connection, audit);
  });
}

void SqliteTokens::revoke(const domain::TokenId& id, Timestamp now, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "UPDATE tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL"));
    query.add(now).add(id);
    if (query.run() == 0) {
      throw Error(Errc::not_found, "no token that is not revoked has the id " + id.text());
    }
    record(connection, audit);
  });
}

void SqliteTokens::touch(const domain::TokenId& id, Timestamp now) {
  writer_.transaction([&](Connection& connection) {
    Query(connection.prepared("UPDATE tokens SET last_used_at = ? WHERE id = ?"))
        .add(now)
        .add(id)
        .run();
  });
}

std::optional<domain::AccessToken> SqliteTokens::by_digest(const Sha256& digest) {
  return readers_.read([&](Connection& connection) -> std::optional<domain::AccessToken> {
    Query row(connection.prepared(std::string(kSelect) + "WHERE digest = ?"));
    row.add_bytes(bytes_of(digest));
    if (!row.step()) return std::nullopt;
    return read_token(row);
  });
}

std::vector<domain::AccessToken> SqliteTokens::matching(std::string_view word) {
  if (word.empty()) return {};
  // '~' sorts behind every character of an id, so the last one is a range of the primary key.
  static constexpr std::string_view kWays[] = {
      "name = ?1 AND revoked_at IS NULL ORDER BY created_at, id",
      "name = ?1 ORDER BY revoked_at DESC, id DESC LIMIT 1",
      "id = ?1",
      "id >= ?1 AND id < ?1 || '~' ORDER BY id",
  };
  return readers_.read([&](Connection& connection) {
    for (auto way : kWays) {
      Query row(connection.prepared(std::string(kSelect) + "WHERE " + std::string(way)));
      row.add(word);
      auto tokens = read_tokens(row);
      if (!tokens.empty()) return tokens;
    }
    return std::vector<domain::AccessToken>();
  });
}

std::vector<domain::AccessToken> SqliteTokens::list() {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(std::string(kSelect) + "ORDER BY created_at, id"));
    return read_tokens(row);
  });
}

}  // namespace nufi::store::sqlite
