#pragma once

#include "lib/base/sync.hpp"
#include "lib/store/sqlite/failure.hpp"
#include "lib/store/sqlite/query.hpp"
#include "lib/store/store.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace nufi::store::sqlite {

enum class Role { writer, reader };

/// One open database with its settings and its prepared statements. Belongs to one thread at a
/// time.
class Connection {
 public:
  /// Opens `file`, which must exist; a reader can't change it. Throws SQLite::Exception.
  Connection(const std::filesystem::path& file, Role role, Durability durability);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  SQLite::Database& database() { return database_; }

  /// The statement of `sql`, prepared at its first use here and kept.
  SQLite::Statement& prepared(std::string_view sql);

 private:
  std::filesystem::path file_;
  SQLite::Database database_;
  std::map<std::string, SQLite::Statement, std::less<>> statements_;
};

/// All or nothing: what is not committed when it goes is undone.
class Transaction {
 public:
  enum class Kind {
    write,     ///< takes the writer's lock at once
    snapshot,  ///< reads that all see the same moment
  };
  Transaction(Connection& connection, Kind kind);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

/// The control plane's writing connection behind its lock. Thread-safe.
class Writer {
 public:
  explicit Writer(std::unique_ptr<Connection> connection)
      : file_(connection->file()), connection_(std::move(connection)) {}

  /// Runs `work(Connection&)` as one transaction. Throws Error; may wait for the ledger's writer.
  template <class Work>
  void transaction(Work&& work) {
    auto connection = connection_.lock();
    translating(file_, [&] {
      Transaction transaction(**connection, Transaction::Kind::write);
      work(**connection);
      transaction.commit();
    });
  }

 private:
  const std::filesystem::path file_;
  Sync<std::unique_ptr<Connection>> connection_;
};

}  // namespace nufi::store::sqlite
