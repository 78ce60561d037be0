#include "lib/store/sqlite/keys.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/lists.hpp"
#include "lib/store/sqlite/values.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace nufi::store::sqlite {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, name, account_id, project_id, group_id, digest, masked, created_at, last_used_at, "
    "expires_at, revoked_at, disabled, archived, budget, budget_period, token_limit, token_period, "
    "rpm, tpm, max_parallel, allowed_models, allowed_ips, enforce, trace FROM keys ";

constexpr std::string_view kInsert =
    "INSERT INTO keys (id, account_id, digest, masked, created_at, last_used_at, "
    "name, project_id, group_id, expires_at, revoked_at, disabled, archived, "
    "budget, budget_period, token_limit, token_period, rpm, tpm, max_parallel, "
    "allowed_models, allowed_ips, enforce, trace) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

constexpr std::string_view kUpdate =
    "UPDATE keys SET name = ?, project_id = ?, group_id = ?, expires_at = ?, revoked_at = ?, "
    "disabled = ?, archived = ?, budget = ?, budget_period = ?, token_limit = ?, token_period = ?, "
    "rpm = ?, tpm = ?, max_parallel = ?, allowed_models = ?, allowed_ips = ?, enforce = ?, "
    "trace = ? WHERE id = ?";

domain::Key read_key(Query& row) {
  domain::Key key;
  key.id = domain::KeyId(row.text());
  key.name = row.text();
  key.account = domain::AccountId(row.text());
  key.project = domain::ProjectId(row.text());
  key.group = domain::GroupId(row.text());
  const auto digest = row.text();
  if (digest.size() != key.digest.size()) refuse_word("digest of key", key.id.text());
  std::copy(digest.begin(), digest.end(), key.digest.begin());
  key.masked = row.text();
  key.created_at = row.time();
  key.last_used_at = row.maybe_time();
  key.expires_at = row.maybe_time();
  key.revoked_at = row.maybe_time();
  key.disabled = row.flag();
  key.archived = row.flag();
  key.limits = read_limits(row);
  key.rpm = row.maybe_integer();
  key.tpm = row.maybe_integer();
  key.max_parallel = row.maybe_integer();
  key.allowed_models = decode_texts(row.text());
  key.allowed_ips = decode_texts(row.text());
  const auto enforce = row.text();
  key.enforce = known(domain::enforce_from_name(enforce), "enforcement", enforce);
  key.trace = row.flag();
  return key;
}

std::vector<domain::Key> read_keys(Query& row) {
  std::vector<domain::Key> keys;
  while (row.step()) keys.push_back(read_key(row));
  return keys;
}

/// The columns that an update overwrites.
void add_terms(Query& query, const domain::Key& key) {
  query.add(key.name)
      .add(key.project)
      .add(key.group)
      .add(key.expires_at)
      .add(key.revoked_at)
      .add(key.disabled)
      .add(key.archived);
  add_limits(query, key.limits);
  query.add(key.rpm)
      .add(key.tpm)
      .add(key.max_parallel)
      .add(encode(key.allowed_models))
      .add(encode(key.allowed_ips))
      .add(domain::enforce_name(key.enforce))
      .add(key.trace);
}

template <class Work>
void unless_name_taken(const domain::Key& key, Work&& work) {
  unless_taken("keys.name",
               "a key named '" + key.name + "' already exists",
               "choose another name, or revoke that key first",
               std::forward<Work>(work));
}

}  // namespace

void SqliteKeys::insert(const domain::Key& key, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    const std::string_view digest(reinterpret_cast<const char*>(key.digest.data()),
                                  key.digest.size());
    Query query(connection.prepared(kInsert));
    query.add(key.id)
        .add(key.account)
        .add_bytes(digest)
        .add(key.masked)
        .add(key.created_at)
        .add(key.last_used_at);
    add_terms(query, key);
    unless_name_taken(key, [&] { query.run(); });
    record(connection, audit);
  });
}

void SqliteKeys::update(const domain::Key& key, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(kUpdate));
    add_terms(query, key);
    query.add(key.id);
    int changed = 0;
    unless_name_taken(key, [&] { changed = query.run(); });
    if (changed == 0) throw Error(Errc::not_found, "no key has the id " + key.id.text());
    record(connection, audit);
  });
}

std::optional<domain::Key> SqliteKeys::by_id(const domain::KeyId& id) {
  return readers_.read([&](Connection& connection) -> std::optional<domain::Key> {
    Query row(connection.prepared(std::string(kSelect) + "WHERE id = ?"));
    row.add(id);
    if (!row.step()) return std::nullopt;
    return read_key(row);
  });
}

std::vector<domain::Key> SqliteKeys::matching(const std::optional<domain::AccountId>& account,
                                              std::string_view word) {
  if (word.empty()) return {};
  // '~' sorts behind every character of an id, so the last one is a range of the primary key.
  static constexpr std::string_view kWays[] = {
      "name = ?2 AND revoked_at IS NULL ORDER BY created_at, id",
      "name = ?2 ORDER BY revoked_at DESC, id DESC LIMIT 1",
      "id = ?2",
      "id >= ?2 AND id < ?2 || '~' ORDER BY id",
  };
  return readers_.read([&](Connection& connection) {
    for (auto way : kWays) {
      Query row(connection.prepared(
          std::string(kSelect) + "WHERE (?1 IS NULL OR account_id = ?1) AND " + std::string(way)));
      row.add(account).add(word);
      auto keys = read_keys(row);
      if (!keys.empty()) return keys;
    }
    return std::vector<domain::Key>();
  });
}

std::vector<domain::Key> SqliteKeys::list(const KeyFilter& filter) {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(
        std::string(kSelect) +
        "WHERE (?1 IS NULL OR account_id = ?1) AND (?2 IS NULL OR project_id = ?2) "
        "AND archived = ?3 "
        "AND (?4 = '' OR (created_at, id) > (SELECT created_at, id FROM keys WHERE id = ?4)) "
        "ORDER BY created_at, id LIMIT ?5"));
    row.add(filter.account)
        .add(filter.project)
        .add(filter.archived)
        .add(filter.after)
        .add(filter.limit > 0 ? filter.limit : std::int64_t{-1});
    return read_keys(row);
  });
}

}  // namespace nufi::store::sqlite
