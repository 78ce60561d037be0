#pragma once

#include "lib/domain/trace.hpp"
#include "lib/store/store.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::store {

/// A trace as it is kept: what says nothing of prompt or answer is in the open, the rest is sealed
/// by whoever puts it here.
struct StoredTrace {
  domain::TraceHead head;
  std::string facts;
  std::string request;
  std::string reply;
};

struct TraceFilter {
  std::int64_t limit = 50;
  std::optional<domain::KeyId> key;  ///< std::nullopt = any
  std::string before;                ///< id of a trace: only those kept before it; "" = the newest
};

/// Traces, in a database of their own that is made when the first one is written: no call and no
/// other part of nufid depends on it. Thread-safe. Throws Error{unavailable}.
class Traces {
 public:
  virtual ~Traces() = default;
  /// All or none. One that is there already is replaced.
  virtual void add(const std::vector<StoredTrace>& traces) = 0;
  virtual std::optional<StoredTrace> get(const std::string& id) = 0;
  /// Ids that begin with `prefix`, at most `limit`.
  virtual std::vector<std::string> matching(const std::string& prefix, std::int64_t limit) = 0;
  /// Newest first.
  virtual std::vector<domain::TraceHead> list(const TraceFilter& filter) = 0;
  /// False if it was not there.
  virtual bool remove(const std::string& id) = 0;
  /// Begins anew with no file at all: that works on a full disk, and where the database is damaged.
  /// How many there were; std::nullopt if that can't be told any more.
  virtual std::optional<std::int64_t> remove_all() = 0;
  /// Takes those away that are older than `before`, and the oldest ones beyond `most_bytes` in all;
  /// how many. Gives the room back to the disk.
  virtual std::int64_t retire(Timestamp before, std::int64_t most_bytes) = 0;
  /// As Store::check_integrity(). Nothing is damaged where there is no database yet.
  virtual Integrity check_integrity(std::chrono::milliseconds patience) = 0;
  /// What they take on the disk.
  virtual std::int64_t bytes() = 0;
};

namespace sqlite {
/// Traces in the database at `file`. Touches no file until it is used.
std::unique_ptr<Traces> open_traces(const std::filesystem::path& file);
}  // namespace sqlite

}  // namespace nufi::store
