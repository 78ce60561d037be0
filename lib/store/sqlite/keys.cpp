#include "lib/store/sqlite/keys.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/lists.hpp"
#include "lib/store/sqlite/values.hpp"

#include <string>
#include <utility>

namespace nufi::store::sqlite {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, name, account_id, project_id, group_id, digest, masked, created_at, last_used_at, "
    "expires_at, revoked_at, disabled, archived, budget, budget_period, token_limit, token_period, "
    "rpm, tpm, max_parallel, allowed_models, allowed_ips, enforce, trace, rotated_at, "
    "former_digest, former_masked, former_dies_at, parent_id, lease_expires_at FROM keys ";

constexpr std::string_view kInsert =
    "INSERT INTO keys (id, account_id, parent_id, created_at, last_used_at, digest, masked, "
    "rotated_at, former_digest, former_masked, former_dies_at, name, project_id, group_id, "
    "expires_at, lease_expires_at, revoked_at, disabled, archived, "
    "budget, budget_period, token_limit, token_period, rpm, tpm, max_parallel, "
    "allowed_models, allowed_ips, enforce, trace) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?)";

constexpr std::string_view kUpdate =
    "UPDATE keys SET digest = ?, masked = ?, rotated_at = ?, former_digest = ?, former_masked = ?, "
    "former_dies_at = ?, name = ?, project_id = ?, group_id = ?, expires_at = ?, lease_expires_at "
    "= ?, "
    "revoked_at = ?, disabled = ?, archived = ?, budget = ?, budget_period = ?, token_limit = ?, "
    "token_period = ?, "
    "rpm = ?, tpm = ?, max_parallel = ?, allowed_models = ?, allowed_ips = ?, enforce = ?, "
    "trace = ? WHERE id = ?";

/// What the column `trace` holds.
constexpr int kTraceNothing = 0;
constexpr int kTraceAll = 1;
constexpr int kTraceErrors = 2;

domain::Key read_key(Query& row) {
  domain::Key key;
  key.id = domain::KeyId(row.text());
  key.name = row.text();
  key.account = domain::AccountId(row.text());
  key.project = domain::ProjectId(row.text());
  key.group = domain::GroupId(row.text());
  key.digest = read_digest(row.text(), key.id.text());
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
  const auto trace = row.integer();
  key.trace = trace != kTraceNothing;
  key.trace_errors_only = trace == kTraceErrors;
  key.rotated_at = row.maybe_time();
  const auto former_digest = row.maybe_text();
  const auto former_masked = row.maybe_text();
  const auto former_dies_at = row.maybe_time();
  if (former_digest) {
    key.former = domain::FormerSecret{read_digest(*former_digest, key.id.text()),
                                      former_masked.value_or(""),
                                      former_dies_at.value_or(Timestamp{})};
  }
  key.parent = domain::KeyId(row.maybe_text().value_or(""));
  key.lease_expires_at = row.maybe_time();
  return key;
}

std::vector<domain::Key> read_keys(Query& row) {
  std::vector<domain::Key> keys;
  while (row.step()) keys.push_back(read_key(row));
  return keys;
}

void add_parent(Query& query, const domain::KeyId& parent) {
  if (parent.empty()) {
    query.add_null();
  } else {
    query.add(parent);
  }
}

/// The columns that an update overwrites.
void add_terms(Query& query, const domain::Key& key) {
  query.add_bytes(bytes_of(key.digest)).add(key.masked).add(key.rotated_at);
  if (key.former) {
    query.add_bytes(bytes_of(key.former->digest)).add(key.former->masked).add(key.former->dies_at);
  } else {
    query.add_null().add_null().add_null();
  }
  query.add(key.name)
      .add(key.project)
      .add(key.group)
      .add(key.expires_at)
      .add(key.lease_expires_at)
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
      .add(!key.trace              ? kTraceNothing
           : key.trace_errors_only ? kTraceErrors
                                   : kTraceAll);
}

template <class Work>
void unless_name_taken(const domain::Key& key, Work&& work) {
  unless_taken("keys.name",
               "a key named '" + key.name + "' already exists",
               "choose another name, or revoke that key first",
               std::forward<Work>(work));
}

Error no_such(const domain::KeyId& id) {
  return {Errc::not_found, "no key has the id " + id.text()};
}

}  // namespace

void SqliteKeys::insert(const domain::Key& key, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(kInsert));
    query.add(key.id).add(key.account);
    add_parent(query, key.parent);
    query.add(key.created_at).add(key.last_used_at);
    add_terms(query, key);
    unless_name_taken(key, [&] { query.run(); });
    record(connection, audit);
  });
}

void SqliteKeys::update(const domain::Key& key, const AuditEntry& audit) {
  update_all({key}, {audit});
}

void SqliteKeys::update_all(const std::vector<domain::Key>& keys,
                            const std::vector<AuditEntry>& audits) {
  writer_.transaction([&](Connection& connection) {
    for (const domain::Key& key : keys) {
      Query query(connection.prepared(kUpdate));
      add_terms(query, key);
      query.add(key.id);
      int changed = 0;
      unless_name_taken(key, [&] { changed = query.run(); });
      if (changed == 0) throw no_such(key.id);
    }
    for (const AuditEntry& audit : audits) record(connection, audit);
  });
}

void SqliteKeys::remove(const domain::KeyId& id, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query keep(
        connection.prepared("INSERT INTO removed_keys (id, name, account_id, removed_at) "
                            "SELECT id, name, account_id, ?2 FROM keys WHERE id = ?1"));
    keep.add(id).add(audit.time);
    if (keep.run() == 0) throw no_such(id);
    Query take(connection.prepared("DELETE FROM keys WHERE id = ?"));
    take.add(id);
    take.run();
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

std::map<domain::KeyId, std::string> SqliteKeys::names(const std::vector<domain::KeyId>& ids) {
  return readers_.read([&](Connection& connection) {
    std::map<domain::KeyId, std::string> names;
    for (const auto& id : ids) {
      Query row(
          connection.prepared("SELECT name FROM keys WHERE id = ?1 UNION ALL "
                              "SELECT name FROM removed_keys WHERE id = ?1 LIMIT 1"));
      row.add(id);
      if (row.step()) names.emplace(id, row.text());
    }
    return names;
  });
}

std::optional<RemovedKey> SqliteKeys::removed(const std::optional<domain::AccountId>& account,
                                              std::string_view word) {
  return readers_.read([&](Connection& connection) -> std::optional<RemovedKey> {
    Query row(connection.prepared(
        "SELECT id, name, account_id FROM removed_keys WHERE (id = ?2 OR name = ?2) AND "
        "(?1 IS NULL OR account_id = ?1) ORDER BY id = ?2 DESC, removed_at DESC, id LIMIT 1"));
    row.add(account).add(word);
    if (!row.step()) return std::nullopt;
    RemovedKey key;
    key.id = domain::KeyId(row.text());
    key.name = row.text();
    key.account = domain::AccountId(row.text());
    return key;
  });
}

std::vector<domain::Key> SqliteKeys::list(const KeyFilter& filter) {
  // Only the conditions that are asked for, so that an index gives the keys in their order.
  std::string sql = std::string(kSelect) + "WHERE archived = ?1";
  if (filter.account) sql += " AND account_id = ?2";
  if (filter.project) sql += " AND project_id = ?3";
  if (!filter.after.empty()) {
    sql += " AND (created_at, id) > (SELECT created_at, id FROM keys WHERE id = ?4)";
  }
  sql += " ORDER BY created_at, id LIMIT ?5";
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(sql));
    row.at(1).add(filter.archived);
    if (filter.account) row.at(2).add(*filter.account);
    if (filter.project) row.at(3).add(*filter.project);
    if (!filter.after.empty()) row.at(4).add(filter.after);
    row.at(5).add(filter.limit > 0 ? filter.limit : std::int64_t{-1});
    return read_keys(row);
  });
}

std::vector<domain::Key> SqliteKeys::children(const domain::KeyId& parent) {
  return readers_.read([&](Connection& connection) {
    Query row(
        connection.prepared(std::string(kSelect) +
                            "WHERE parent_id = ? AND revoked_at IS NULL ORDER BY created_at, id"));
    row.add(parent);
    return read_keys(row);
  });
}

std::vector<domain::Key> SqliteKeys::leased() {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(std::string(kSelect) +
                                  "WHERE lease_expires_at IS NOT NULL AND revoked_at IS NULL "
                                  "ORDER BY lease_expires_at, id"));
    return read_keys(row);
  });
}

void SqliteKeys::renew_leases(const std::vector<domain::Key>& keys) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared("UPDATE keys SET lease_expires_at = ? WHERE id = ?"));
    for (const domain::Key& key : keys) {
      query.add(key.lease_expires_at).add(key.id);
      query.run_again();
    }
  });
}

std::int64_t SqliteKeys::count_live(const std::optional<domain::AccountId>& account,
                                    Timestamp now) {
  const std::string sql =
      "SELECT count(*) FROM keys WHERE revoked_at IS NULL AND "
      "(expires_at IS NULL OR expires_at > ?1)" +
      std::string(account ? " AND account_id = ?2" : "");
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(sql));
    row.add(now);
    if (account) row.add(*account);
    row.step();
    return row.integer();
  });
}

}  // namespace nufi::store::sqlite
