#include "lib/store/sqlite/connection.hpp"

#include <sqlite3.h>

#include <atomic>
#include <mutex>

namespace nufi::store::sqlite {
namespace {

constexpr int kBusyTimeoutMs = 5000;

/// The log is written back into the database when it has so many pages (of 4 KiB), as far as
/// readers allow without waiting for them …
constexpr int kCheckpointPages = 2000;
/// … and when readers kept it from starting over until it had so many, we wait for them: long
/// enough for a report to end, short enough for those who want to write meanwhile.
constexpr int kLogLimitPages = 16'000;
constexpr int kWaitForReadersMs = 200;

std::atomic<int> long_reads = 0;

/// Runs after each commit of a writing connection, without its locks.
int keep_log_short(void* /*unused*/, sqlite3* database, const char* name, int pages) {
  if (pages < kCheckpointPages) return SQLITE_OK;
  // A checkpoint that fails or finds a reader in its way is tried again at the next commit. Its
  // error must not pass for the commit's, which has succeeded.
  if (pages < kLogLimitPages || long_reads > 0) {
    sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    return SQLITE_OK;
  }
  sqlite3_busy_timeout(database, kWaitForReadersMs);
  sqlite3_wal_checkpoint_v2(database, name, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  sqlite3_busy_timeout(database, kBusyTimeoutMs);
  return SQLITE_OK;
}

/// Before the library's first use in the process. Its memory statistics take a lock at each
/// allocation, and nobody reads them.
void configure_library() {
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

int flags_of(Role role) {
  configure_library();
  // No lock inside SQLite: a connection belongs to one thread at a time.
  return SQLite::OPEN_NOMUTEX |
         (role == Role::writer ? SQLite::OPEN_READWRITE : SQLite::OPEN_READONLY);
}

}  // namespace

void WriteTurn::take() {
  std::unique_lock lock(mutex_);
  const auto ticket = last_ticket_++;
  changed_.wait(lock, [&] { return served_ == ticket; });
}

void WriteTurn::give_back() {
  {
    const std::lock_guard lock(mutex_);
    ++served_;
  }
  changed_.notify_all();
}

LongRead::LongRead() {
  ++long_reads;
}

LongRead::~LongRead() {
  --long_reads;
}

Connection::Connection(const std::filesystem::path& file, Role role, Durability durability)
    : file_(file), database_(file.string(), flags_of(role), kBusyTimeoutMs) {
  database_.exec("PRAGMA foreign_keys = ON");
  database_.exec("PRAGMA trusted_schema = OFF");
  database_.exec("PRAGMA mmap_size = 0");
  if (role == Role::reader) {
    database_.exec("PRAGMA query_only = ON");
    database_.exec("PRAGMA cache_size = -1024");  // KiB
    return;
  }
  database_.exec("PRAGMA cache_size = -4096");  // KiB
  database_.exec(durability == Durability::power ? "PRAGMA synchronous = FULL"
                                                 : "PRAGMA synchronous = NORMAL");
  // The distribution's library overwrites what is deleted, which every replaced row would pay for.
  // No secret is ever stored in the clear.
  database_.exec("PRAGMA secure_delete = OFF");
  database_.exec("PRAGMA journal_size_limit = 16777216");  // bytes
  sqlite3_wal_hook(database_.getHandle(), keep_log_short, nullptr);
}

SQLite::Statement& Connection::prepared(std::string_view sql) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    std::string text(sql);
    SQLite::Statement statement(database_, text);
    found = statements_.emplace(std::move(text), std::move(statement)).first;
  }
  return found->second;
}

Transaction::Transaction(Connection& connection, Kind kind)
    : turn_(kind == Kind::write ? connection.turn().get() : nullptr), connection_(connection) {
  Query(connection.prepared(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN")).run();
}

Transaction::~Transaction() {
  // SQLite itself rolls back after some errors (full disk): then there is nothing left to undo.
  if (!open_ || sqlite3_get_autocommit(connection_.database().getHandle()) != 0) return;
  connection_.database().tryExec("ROLLBACK");
}

void Transaction::commit() {
  Query(connection_.prepared("COMMIT")).run();
  open_ = false;
}

}  // namespace nufi::store::sqlite
