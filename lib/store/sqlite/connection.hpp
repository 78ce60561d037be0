#pragma once

#include "lib/base/sync.hpp"
#include "lib/store/sqlite/failure.hpp"
#include "lib/store/sqlite/query.hpp"
#include "lib/store/store.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace nufi::store::sqlite {

enum class Role { writer, reader };

/// Who may write next. SQLite lets one write at a time and makes the others ask again and again, so
/// who asks seldom may wait long: here they wait in turn. Thread-safe.
class WriteTurn {
 public:
  void take();
  void give_back();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_:
  std::uint64_t last_ticket_ = 0;
  std::uint64_t served_ = 0;
};

/// Says, while it lives, that somebody reads for long from one moment of the database: its log then
/// grows, and no writer waits in vain for its readers to end.
class LongRead {
 public:
  LongRead();
  LongRead(const LongRead&) = delete;
  LongRead& operator=(const LongRead&) = delete;
  ~LongRead();
};

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

  /// Its writing transactions wait for their turn from now on.
  void write_in_turn(std::shared_ptr<WriteTurn> turn) { turn_ = std::move(turn); }
  [[nodiscard]] const std::shared_ptr<WriteTurn>& turn() const { return turn_; }

  /// The statement of `sql`, prepared at its first use here and kept.
  SQLite::Statement& prepared(std::string_view sql);

 private:
  std::filesystem::path file_;
  SQLite::Database database_;
  std::shared_ptr<WriteTurn> turn_;
  std::map<std::string, SQLite::Statement, std::less<>> statements_;
};

/// All or nothing: what is not committed when it goes is undone.
class Transaction {
 public:
  enum class Kind {
    write,     ///< takes the writer's lock at once, in turn
    snapshot,  ///< reads that all see the same moment
  };
  Transaction(Connection& connection, Kind kind);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  void commit();

 private:
  /// Given back after the transaction has ended, whichever way.
  class Turn {
   public:
    explicit Turn(WriteTurn* turn) : turn_(turn) {
      if (turn_ != nullptr) turn_->take();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
      if (turn_ != nullptr) turn_->give_back();
    }

   private:
    WriteTurn* turn_;
  };

  Turn turn_;
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
