#include "lib/store/sqlite/people.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/lists.hpp"
#include "lib/store/sqlite/values.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace nufi::store::sqlite {
namespace {

constexpr std::string_view kSelectAccount =
    "SELECT id, uid, username, display_name, email, budget, budget_period, token_limit, "
    "token_period, created_at FROM accounts ";

// A deleted one's name is its id; it is read with the name it had.
constexpr std::string_view kSelectProject =
    "SELECT id, account_id, coalesce(deleted_name, name), budget, budget_period, token_limit, "
    "token_period, allowed_models, created_at FROM projects ";
constexpr std::string_view kSelectGroup =
    "SELECT id, coalesce(deleted_name, name), multiplier, allowed_models, rpm, tpm, "
    "max_parallel, upstreams, created_at FROM groups ";
constexpr std::string_view kUsable = "WHERE deleted_name IS NULL ORDER BY created_at, id";
constexpr std::string_view kDeleted = "WHERE deleted_name IS NOT NULL ORDER BY created_at, id";

domain::Account read_account(Query& row) {
  domain::Account account;
  account.id = domain::AccountId(row.text());
  account.uid = row.integer();
  account.username = row.text();
  account.display_name = row.text();
  account.email = row.text();
  account.limits = read_limits(row);
  account.created_at = row.time();
  return account;
}

domain::Project read_project(Query& row) {
  domain::Project project;
  project.id = domain::ProjectId(row.text());
  project.account = domain::AccountId(row.text());
  project.name = row.text();
  project.limits = read_limits(row);
  project.allowed_models = decode_texts(row.text());
  project.created_at = row.time();
  return project;
}

domain::Group read_group(Query& row) {
  domain::Group group;
  group.id = domain::GroupId(row.text());
  group.name = row.text();
  group.multiplier = row.integer();
  group.allowed_models = decode_texts(row.text());
  group.rpm = row.maybe_integer();
  group.tpm = row.maybe_integer();
  group.max_parallel = row.maybe_integer();
  group.upstreams = decode_texts(row.text());
  group.created_at = row.time();
  return group;
}

void insert(Connection& connection, const domain::Project& project) {
  Query query(connection.prepared(
      "INSERT INTO projects (id, account_id, created_at, name, budget, budget_period, token_limit, "
      "token_period, allowed_models) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  query.add(project.id).add(project.account).add(project.created_at).add(project.name);
  add_limits(query, project.limits);
  query.add(encode(project.allowed_models));
  query.run();
}

template <class Work>
void unless_project_taken(const domain::Project& project, Work&& work) {
  unless_taken("projects.name",
               "a project named '" + project.name + "' already exists",
               "choose another name",
               std::forward<Work>(work));
}

template <class Work>
void unless_group_taken(const domain::Group& group, Work&& work) {
  unless_taken("groups.name",
               "a group named '" + group.name + "' already exists",
               "choose another name",
               std::forward<Work>(work));
}

std::string joined(std::string_view select, std::string_view condition) {
  return std::string(select) + std::string(condition);
}

std::vector<domain::Project> read_projects(Readers& readers, std::string_view condition) {
  return readers.read([&](Connection& connection) {
    Query row(connection.prepared(joined(kSelectProject, condition)));
    std::vector<domain::Project> projects;
    while (row.step()) projects.push_back(read_project(row));
    return projects;
  });
}

std::vector<domain::Group> read_groups(Readers& readers, std::string_view condition) {
  return readers.read([&](Connection& connection) {
    Query row(connection.prepared(joined(kSelectGroup, condition)));
    std::vector<domain::Group> groups;
    while (row.step()) groups.push_back(read_group(row));
    return groups;
  });
}

/// Throws Error{conflict} if `count` (a query with the one parameter `id`) finds live keys.
void refuse_live_keys(Connection& connection,
                      std::string_view count,
                      const std::string& id,
                      const std::string& what) {
  Query row(connection.prepared(count));
  row.add(id);
  row.step();
  const std::int64_t keys = row.integer();
  if (keys == 0) return;
  throw Error(Errc::conflict,
              what + (keys == 1 ? " has a key" : " has " + std::to_string(keys) + " keys") +
                  " that can still be used",
              "revoke them, or move them elsewhere with: nufi keys edit");
}

/// Upstreams name groups; when a group is called something else, they follow.
void rename_in_upstreams(Connection& connection, const std::string& from, const std::string& to) {
  std::vector<std::pair<std::string, Texts>> changed;
  {
    Query row(connection.prepared("SELECT id, groups FROM upstreams"));
    while (row.step()) {
      std::string id = row.text();
      Texts groups = decode_texts(row.text());
      const auto found = std::find(groups.begin(), groups.end(), from);
      if (found == groups.end()) continue;
      *found = to;
      changed.emplace_back(std::move(id), std::move(groups));
    }
  }
  for (const auto& [id, groups] : changed) {
    Query query(connection.prepared("UPDATE upstreams SET groups = ? WHERE id = ?"));
    query.add(encode(groups)).add(id);
    query.run();
  }
}

void require_found(int changed, std::string_view what, const std::string& id) {
  if (changed == 0) throw Error(Errc::not_found, "no " + std::string(what) + " has the id " + id);
}

}  // namespace

void SqlitePeople::insert_account(const domain::Account& account,
                                  const domain::Project& project,
                                  const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "INSERT INTO accounts (id, uid, username, created_at, display_name, email, budget, "
        "budget_period, token_limit, token_period) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    query.add(account.id)
        .add(account.uid)
        .add(account.username)
        .add(account.created_at)
        .add(account.display_name)
        .add(account.email);
    add_limits(query, account.limits);
    unless_taken(
        "accounts.uid", "user " + std::to_string(account.uid) + " already has an account", "", [&] {
          query.run();
        });
    insert(connection, project);
    record(connection, audit);
  });
}

void SqlitePeople::update_account(const domain::Account& account, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "UPDATE accounts SET username = ?, display_name = ?, email = ?, budget = ?, "
        "budget_period = ?, token_limit = ?, token_period = ? WHERE id = ?"));
    query.add(account.username).add(account.display_name).add(account.email);
    add_limits(query, account.limits);
    query.add(account.id);
    require_found(query.run(), "account", account.id.text());
    record(connection, audit);
  });
}

std::optional<domain::Account> SqlitePeople::account_by_uid(std::int64_t uid) {
  return readers_.read([&](Connection& connection) -> std::optional<domain::Account> {
    Query row(connection.prepared(std::string(kSelectAccount) + "WHERE uid = ?"));
    row.add(uid);
    if (!row.step()) return std::nullopt;
    return read_account(row);
  });
}

std::vector<domain::Account> SqlitePeople::accounts() {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(std::string(kSelectAccount) + "ORDER BY created_at, id"));
    std::vector<domain::Account> accounts;
    while (row.step()) accounts.push_back(read_account(row));
    return accounts;
  });
}

void SqlitePeople::insert_project(const domain::Project& project, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    unless_project_taken(project, [&] { insert(connection, project); });
    record(connection, audit);
  });
}

void SqlitePeople::update_project(const domain::Project& project, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "UPDATE projects SET name = ?, budget = ?, budget_period = ?, token_limit = ?, "
        "token_period = ?, allowed_models = ? WHERE id = ? AND deleted_name IS NULL"));
    query.add(project.name);
    add_limits(query, project.limits);
    query.add(encode(project.allowed_models)).add(project.id);
    int changed = 0;
    unless_project_taken(project, [&] { changed = query.run(); });
    require_found(changed, "project", project.id.text());
    record(connection, audit);
  });
}

std::vector<domain::Project> SqlitePeople::projects() {
  return read_projects(readers_, kUsable);
}

std::vector<domain::Project> SqlitePeople::deleted_projects() {
  return read_projects(readers_, kDeleted);
}

void SqlitePeople::delete_project(const domain::ProjectId& id, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    refuse_live_keys(connection,
                     "SELECT count(*) FROM keys WHERE project_id = ? AND revoked_at IS NULL",
                     id.text(),
                     "the project");
    Query query(
        connection.prepared("UPDATE projects SET deleted_name = name, name = id "
                            "WHERE id = ? AND deleted_name IS NULL"));
    query.add(id);
    require_found(query.run(), "project", id.text());
    record(connection, audit);
  });
}

std::map<domain::ProjectId, std::int64_t> SqlitePeople::live_keys_by_project(
    const std::optional<domain::AccountId>& account) {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(
        account ? "SELECT project_id, count(*) FROM keys WHERE account_id = ? "
                  "AND revoked_at IS NULL GROUP BY project_id"
                : "SELECT project_id, count(*) FROM keys WHERE revoked_at IS NULL "
                  "GROUP BY project_id"));
    if (account) row.add(*account);
    std::map<domain::ProjectId, std::int64_t> counts;
    while (row.step()) {
      domain::ProjectId id(row.text());
      counts.emplace(std::move(id), row.integer());
    }
    return counts;
  });
}

void SqlitePeople::insert_group(const domain::Group& group, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "INSERT INTO groups (id, created_at, name, multiplier, allowed_models, rpm, tpm, "
        "max_parallel, upstreams) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    query.add(group.id)
        .add(group.created_at)
        .add(group.name)
        .add(group.multiplier)
        .add(encode(group.allowed_models))
        .add(group.rpm)
        .add(group.tpm)
        .add(group.max_parallel)
        .add(encode(group.upstreams));
    unless_group_taken(group, [&] { query.run(); });
    record(connection, audit);
  });
}

void SqlitePeople::update_group(const domain::Group& group, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    std::string old_name;
    {
      Query row(connection.prepared("SELECT name FROM groups WHERE id = ?"));
      row.add(group.id);
      if (row.step()) old_name = row.text();
    }
    Query query(connection.prepared(
        "UPDATE groups SET name = ?, multiplier = ?, allowed_models = ?, rpm = ?, tpm = ?, "
        "max_parallel = ?, upstreams = ? WHERE id = ? AND deleted_name IS NULL"));
    query.add(group.name)
        .add(group.multiplier)
        .add(encode(group.allowed_models))
        .add(group.rpm)
        .add(group.tpm)
        .add(group.max_parallel)
        .add(encode(group.upstreams))
        .add(group.id);
    int changed = 0;
    unless_group_taken(group, [&] { changed = query.run(); });
    require_found(changed, "group", group.id.text());
    if (group.name != old_name) rename_in_upstreams(connection, old_name, group.name);
    record(connection, audit);
  });
}

std::vector<domain::Group> SqlitePeople::groups() {
  return read_groups(readers_, kUsable);
}

std::vector<domain::Group> SqlitePeople::deleted_groups() {
  return read_groups(readers_, kDeleted);
}

void SqlitePeople::delete_group(const domain::GroupId& id, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    refuse_live_keys(connection,
                     "SELECT count(*) FROM keys WHERE group_id = ? AND revoked_at IS NULL",
                     id.text(),
                     "the group");
    Query query(
        connection.prepared("UPDATE groups SET deleted_name = name, name = id "
                            "WHERE id = ? AND deleted_name IS NULL"));
    query.add(id);
    require_found(query.run(), "group", id.text());
    record(connection, audit);
  });
}

std::map<domain::GroupId, std::int64_t> SqlitePeople::live_keys_by_group() {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(
        "SELECT group_id, count(*) FROM keys WHERE revoked_at IS NULL GROUP BY group_id"));
    std::map<domain::GroupId, std::int64_t> counts;
    while (row.step()) {
      domain::GroupId id(row.text());
      counts.emplace(std::move(id), row.integer());
    }
    return counts;
  });
}

}  // namespace nufi::store::sqlite
