#include "lib/store/sqlite/people.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/lists.hpp"
#include "lib/store/sqlite/values.hpp"

#include <string>
#include <utility>

namespace nufi::store::sqlite {
namespace {

constexpr std::string_view kSelectAccount =
    "SELECT id, uid, username, display_name, email, budget, budget_period, token_limit, "
    "token_period, created_at FROM accounts ";

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
        "token_period = ?, allowed_models = ? WHERE id = ?"));
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
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(
        "SELECT id, account_id, name, budget, budget_period, token_limit, token_period, "
        "allowed_models, created_at FROM projects ORDER BY created_at, id"));
    std::vector<domain::Project> projects;
    while (row.step()) projects.push_back(read_project(row));
    return projects;
  });
}

void SqlitePeople::insert_group(const domain::Group& group, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "INSERT INTO groups (id, created_at, name, multiplier, allowed_models, rpm, tpm, "
        "upstreams) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
    query.add(group.id)
        .add(group.created_at)
        .add(group.name)
        .add(group.multiplier)
        .add(encode(group.allowed_models))
        .add(group.rpm)
        .add(group.tpm)
        .add(encode(group.upstreams));
    unless_group_taken(group, [&] { query.run(); });
    record(connection, audit);
  });
}

void SqlitePeople::update_group(const domain::Group& group, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "UPDATE groups SET name = ?, multiplier = ?, allowed_models = ?, rpm = ?, tpm = ?, "
        "upstreams = ? WHERE id = ?"));
    query.add(group.name)
        .add(group.multiplier)
        .add(encode(group.allowed_models))
        .add(group.rpm)
        .add(group.tpm)
        .add(encode(group.upstreams))
        .add(group.id);
    int changed = 0;
    unless_group_taken(group, [&] { changed = query.run(); });
    require_found(changed, "group", group.id.text());
    record(connection, audit);
  });
}

std::vector<domain::Group> SqlitePeople::groups() {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(
        "SELECT id, name, multiplier, allowed_models, rpm, tpm, upstreams, created_at "
        "FROM groups ORDER BY created_at, id"));
    std::vector<domain::Group> groups;
    while (row.step()) groups.push_back(read_group(row));
    return groups;
  });
}

}  // namespace nufi::store::sqlite
