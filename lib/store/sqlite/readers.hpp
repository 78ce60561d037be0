#pragma once

#include "lib/store/sqlite/connection.hpp"

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

namespace nufi::store::sqlite {

/// A few read-only connections for lists and reports, opened when needed. Thread-safe.
class Readers {
 public:
  explicit Readers(std::filesystem::path file) : file_(std::move(file)) {}

  /// Runs `work(Connection&)` on a connection that nobody else uses; waits for one if all are busy.
  /// Throws Error{unavailable}.
  template <class Work>
  auto read(Work&& work) {
    return translating(file_, [&] {
      Lease lease(*this);
      return work(*lease.connection);
    });
  }

 private:
  struct Lease {
    explicit Lease(Readers& readers_in) : readers(readers_in), connection(readers_in.take()) {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease() { readers.give_back(std::move(connection)); }
    Readers& readers;
    std::unique_ptr<Connection> connection;
  };

  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

  const std::filesystem::path file_;
  std::mutex mutex_;
  std::condition_variable returned_;
  // Guarded by mutex_:
  std::vector<std::unique_ptr<Connection>> idle_;
  int open_ = 0;
};

}  // namespace nufi::store::sqlite
