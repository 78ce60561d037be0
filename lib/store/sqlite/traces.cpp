#include "lib/store/traces.hpp"

#include "lib/base/error.hpp"
#include "lib/store/sqlite/connection.hpp"
#include "lib/store/sqlite/file.hpp"
#include "lib/store/sqlite/integrity.hpp"
#include "lib/store/sqlite/migrations.hpp"
#include "lib/store/sqlite/values.hpp"

#include <algorithm>
#include <array>
#include <mutex>
#include <system_error>
#include <utility>

namespace nufi::store::sqlite {
namespace {

/// The schema of traces.db, which is not that of the ledger's database.
constexpr std::array kMigrations = {Migration{1, "0001_traces", R"(
CREATE TABLE traces (
  seq         INTEGER PRIMARY KEY AUTOINCREMENT,
  id          TEXT NOT NULL UNIQUE,
  time        INTEGER NOT NULL,
  account     TEXT NOT NULL,
  key_id      TEXT NOT NULL,
  key_name    TEXT NOT NULL,
  endpoint    TEXT NOT NULL,
  model       TEXT NOT NULL,
  upstream    TEXT NOT NULL,
  status      TEXT NOT NULL,
  http_status INTEGER NOT NULL,
  error_code  TEXT NOT NULL,
  cost        INTEGER NOT NULL,
  total_us    INTEGER NOT NULL
) STRICT;
CREATE INDEX traces_by_time ON traces (time);
CREATE INDEX traces_by_key ON traces (key_id, seq);

-- Sealed, and apart: lists need not read past it.
CREATE TABLE trace_parts (
  seq     INTEGER PRIMARY KEY REFERENCES traces (seq) ON DELETE CASCADE,
  facts   BLOB NOT NULL,
  request BLOB NOT NULL,
  reply   BLOB NOT NULL
) STRICT;
)"}};

constexpr std::string_view kHead =
    "SELECT id, time, account, key_id, key_name, endpoint, model, upstream, status, http_status, "
    "error_code, cost, total_us ";

/// What one transaction takes away: the disk is not kept from others for long.
constexpr int kAtOnce = 32;

domain::TraceHead read_head(Query& row) {
  domain::TraceHead head;
  head.id = row.text();
  head.time = row.time();
  head.account = row.text();
  head.key = domain::KeyId(row.text());
  head.key_name = row.text();
  head.endpoint = row.text();
  head.model = row.text();
  head.upstream = row.text();
  const auto status = row.text();
  head.status = known(domain::row_status_from_name(status), "status", status);
  head.http_status = row.small();
  head.error_code = row.text();
  head.cost = row.money();
  head.total_us = row.integer();
  return head;
}

void insert(Connection& connection, const StoredTrace& trace) {
  const auto& head = trace.head;
  Query(connection.prepared("DELETE FROM traces WHERE id = ?")).add(head.id).run();
  Query(connection.prepared(
            "INSERT INTO traces (id, time, account, key_id, key_name, endpoint, model, upstream, "
            "status, http_status, error_code, cost, total_us) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
      .add(head.id)
      .add(head.time)
      .add(head.account)
      .add(head.key)
      .add(head.key_name)
      .add(head.endpoint)
      .add(head.model)
      .add(head.upstream)
      .add(domain::row_status_name(head.status))
      .add(head.http_status)
      .add(head.error_code)
      .add(head.cost)
      .add(head.total_us)
      .run();
  Query(connection.prepared("INSERT INTO trace_parts (seq, facts, request, reply) "
                            "VALUES (last_insert_rowid(), ?, ?, ?)"))
      .add_bytes(trace.facts)
      .add_bytes(trace.request)
      .add_bytes(trace.reply)
      .run();
}

/// One connection behind one lock: the tracer writes, and seldom somebody reads.
class SqliteTraces final : public Traces {
 public:
  explicit SqliteTraces(std::filesystem::path file) : file_(std::move(file)) {}

  void add(const std::vector<StoredTrace>& traces) override {
    write([&](Connection& connection) {
      for (const auto& trace : traces) insert(connection, trace);
    });
  }

  std::optional<StoredTrace> get(const std::string& id) override {
    std::optional<StoredTrace> found;
    read([&](Connection& connection) {
      const std::string sql = std::string(kHead) +
                              ", facts, request, reply FROM traces JOIN trace_parts USING (seq) "
                              "WHERE id = ?";
      Query row(connection.prepared(sql));
      row.add(id);
      if (!row.step()) return;
      found.emplace();
      found->head = read_head(row);
      found->facts = row.text();
      found->request = row.text();
      found->reply = row.text();
    });
    return found;
  }

  std::vector<std::string> matching(const std::string& prefix, std::int64_t limit) override {
    std::vector<std::string> ids;
    read([&](Connection& connection) {
      // Ids are ASCII: nothing that begins with the prefix lies behind it with this byte.
      const std::string end = prefix + '\x7f';
      Query row(connection.prepared(
          "SELECT id FROM traces WHERE id >= ? AND id < ? ORDER BY id LIMIT ?"));
      row.add(prefix).add(end).add(limit);
      while (row.step()) ids.push_back(row.text());
    });
    return ids;
  }

  std::vector<domain::TraceHead> list(const TraceFilter& filter) override {
    std::vector<domain::TraceHead> heads;
    read([&](Connection& connection) {
      const std::string key = filter.key ? filter.key->text() : "";
      const std::string sql = std::string(kHead) + "FROM traces WHERE " +
                              (filter.key ? "key_id = ?1" : "?1 = ''") +
                              " AND (?2 = '' OR seq < (SELECT seq FROM traces WHERE id = ?2)) "
                              "ORDER BY seq DESC LIMIT ?3";
      Query row(connection.prepared(sql));
      row.add(key).add(filter.before).add(filter.limit);
      while (row.step()) heads.push_back(read_head(row));
    });
    return heads;
  }

  bool remove(const std::string& id) override {
    int removed = 0;
    read([&](Connection& connection) {
      removed = Query(connection.prepared("DELETE FROM traces WHERE id = ?")).add(id).run();
    });
    give_back();
    return removed > 0;
  }

  std::optional<std::int64_t> remove_all() override {
    std::optional<std::int64_t> removed = 0;
    try {
      read([&](Connection& connection) {
        removed = connection.database().execAndGet("SELECT count(*) FROM traces").getInt64();
      });
    } catch (const Error&) {
      removed.reset();
    }
    const std::lock_guard lock(mutex_);
    connection_.reset();
    // The log goes first: it would be taken for that of the next database.
    for (const auto* suffix : {"-wal", "-shm", ""}) {
      auto path = file_;
      path += suffix;
      std::error_code failure;
      std::filesystem::remove(path, failure);
      if (failure) {
        throw Error(Errc::unavailable,
                    path.string() + " can't be deleted: " + failure.message(),
                    "see to the rights of " + file_.parent_path().string());
      }
    }
    return removed;
  }

  std::int64_t retire(Timestamp before, std::int64_t most_bytes) override {
    std::int64_t removed = 0;
    const auto limit = std::to_string(before.time_since_epoch().count());
    while (const int some = remove_oldest("time < " + limit)) removed += some;
    while (used_bytes() > most_bytes) {
      const int some = remove_oldest("1 = 1");
      if (some == 0) break;
      removed += some;
    }
    if (removed > 0) give_back();
    return removed;
  }

  Integrity check_integrity(std::chrono::milliseconds patience) override {
    return std::filesystem::exists(file_) ? find_damage(file_, patience) : Integrity();
  }

  std::int64_t bytes() override {
    std::error_code failure;
    std::int64_t sum = 0;
    for (const auto* suffix : {"", "-wal"}) {
      auto path = file_;
      path += suffix;
      const auto size = std::filesystem::file_size(path, failure);
      if (!failure) sum += static_cast<std::int64_t>(size);
    }
    return sum;
  }

 private:
  /// A database that failed is opened anew the next time: it may have been mended or replaced.
  template <class Work>
  void run(bool may_make, Work&& work) {
    const std::lock_guard lock(mutex_);
    if (!connection_ && !may_make && !std::filesystem::exists(file_)) return;
    try {
      translating(file_, [&] {
        if (!connection_) open();
        Transaction transaction(*connection_, Transaction::Kind::write);
        work(*connection_);
        transaction.commit();
      });
    } catch (const Error& error) {
      connection_.reset();
      if (error.code() != Errc::unavailable) throw;
      throw Error(
          Errc::unavailable,
          "traces can't be kept or read: " + std::string(error.what()),
          "see to the disk of " + file_.string() + ", or move that file away: another one is made");
    }
  }
  template <class Work>
  void write(Work&& work) {
    run(/*may_make=*/true, std::forward<Work>(work));
  }
  /// Does nothing where there is no database yet.
  template <class Work>
  void read(Work&& work) {
    run(/*may_make=*/false, std::forward<Work>(work));
  }

  void open() {
    make_private(file_);
    auto connection = std::make_unique<Connection>(file_, Role::writer, Durability::process);
    // Counts only for a database that has no table yet: then room can be given back to the disk.
    connection->database().exec("PRAGMA auto_vacuum = INCREMENTAL");
    migrate(*connection, kMigrations);
    connection_ = std::move(connection);
  }

  int remove_oldest(const std::string& where) {
    int removed = 0;
    read([&](Connection& connection) {
      const std::string sql = "DELETE FROM traces WHERE seq IN (SELECT seq FROM traces WHERE " +
                              where + " ORDER BY seq LIMIT " + std::to_string(kAtOnce) + ")";
      removed = connection.database().exec(sql);
    });
    return removed;
  }

  /// Without the pages that are free.
  std::int64_t used_bytes() {
    std::int64_t used = 0;
    read([&](Connection& connection) {
      auto& database = connection.database();
      const auto pages = database.execAndGet("PRAGMA page_count").getInt64() -
                         database.execAndGet("PRAGMA freelist_count").getInt64();
      used = pages * database.execAndGet("PRAGMA page_size").getInt64();
    });
    return used;
  }

  void give_back() {
    const std::lock_guard lock(mutex_);
    if (!connection_) return;
    // It is no harm where it fails: the room is used again.
    connection_->database().tryExec("PRAGMA incremental_vacuum");
    connection_->database().tryExec("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;  ///< guarded by mutex_
};

}  // namespace

std::unique_ptr<Traces> open_traces(const std::filesystem::path& file) {
  return std::make_unique<SqliteTraces>(file);
}

}  // namespace nufi::store::sqlite
