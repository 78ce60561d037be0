#include "lib/store/sqlite/upstreams.hpp"

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/lists.hpp"
#include "lib/store/sqlite/values.hpp"

#include <string>
#include <utility>

namespace nufi::store::sqlite {
namespace {

domain::Upstream read_upstream(Query& row) {
  domain::Upstream upstream;
  upstream.id = domain::UpstreamId(row.text());
  upstream.name = row.text();
  upstream.url = domain::BaseUrl::parse(row.text());
  upstream.provider = row.text();
  const auto kind = row.text();
  upstream.secret.kind = known(domain::secret_kind_from_name(kind), "kind of secret", kind);
  upstream.secret.reference = row.text();
  upstream.models = decode_texts(row.text());
  upstream.aliases = decode_pairs(row.text());
  upstream.headers = decode_pairs(row.text());
  upstream.groups = decode_texts(row.text());
  upstream.priority = row.integer();
  upstream.weight = row.integer();
  upstream.free = row.flag();
  upstream.max_connections = row.maybe_integer();
  upstream.ca_file = row.text();
  upstream.created_at = row.time();
  return upstream;
}

/// The columns that an update overwrites.
void add_terms(Query& query, const domain::Upstream& upstream) {
  query.add(upstream.name)
      .add(upstream.url.text())
      .add(upstream.provider)
      .add(domain::secret_kind_name(upstream.secret.kind))
      .add_bytes(upstream.secret.reference)
      .add(encode(upstream.models))
      .add(encode(upstream.aliases))
      .add(encode(upstream.headers))
      .add(encode(upstream.groups))
      .add(upstream.priority)
      .add(upstream.weight)
      .add(upstream.free)
      .add(upstream.max_connections)
      .add(upstream.ca_file);
}

template <class Work>
void unless_name_taken(const domain::Upstream& upstream, Work&& work) {
  unless_taken("upstreams.name",
               "an upstream named '" + upstream.name + "' already exists",
               "choose another name, or remove that upstream first",
               std::forward<Work>(work));
}

void require_found(int changed, const domain::UpstreamId& id) {
  if (changed == 0) throw Error(Errc::not_found, "no upstream has the id " + id.text());
}

}  // namespace

void SqliteUpstreams::insert(const domain::Upstream& upstream, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "INSERT INTO upstreams (id, created_at, name, url, provider, secret_kind, secret, models, "
        "aliases, headers, groups, priority, weight, free, max_connections, ca_file) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
    query.add(upstream.id).add(upstream.created_at);
    add_terms(query, upstream);
    unless_name_taken(upstream, [&] { query.run(); });
    record(connection, audit);
  });
}

void SqliteUpstreams::update(const domain::Upstream& upstream, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared(
        "UPDATE upstreams SET name = ?, url = ?, provider = ?, secret_kind = ?, secret = ?, "
        "models = ?, aliases = ?, headers = ?, groups = ?, priority = ?, weight = ?, free = ?, "
        "max_connections = ?, ca_file = ? WHERE id = ?"));
    add_terms(query, upstream);
    query.add(upstream.id);
    int changed = 0;
    unless_name_taken(upstream, [&] { changed = query.run(); });
    require_found(changed, upstream.id);
    record(connection, audit);
  });
}

void SqliteUpstreams::remove(const domain::UpstreamId& id, const AuditEntry& audit) {
  writer_.transaction([&](Connection& connection) {
    Query query(connection.prepared("DELETE FROM upstreams WHERE id = ?"));
    query.add(id);
    require_found(query.run(), id);
    record(connection, audit);
  });
}

std::vector<domain::Upstream> SqliteUpstreams::list() {
  return readers_.read([&](Connection& connection) {
    Query row(connection.prepared(
        "SELECT id, name, url, provider, secret_kind, secret, models, aliases, headers, groups, "
        "priority, weight, free, max_connections, ca_file, created_at FROM upstreams "
        "ORDER BY name"));
    std::vector<domain::Upstream> upstreams;
    while (row.step()) upstreams.push_back(read_upstream(row));
    return upstreams;
  });
}

}  // namespace nufi::store::sqlite
