#pragma once

#include "lib/base/sync.hpp"
#include "lib/domain/trace.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"
#include "lib/store/traces.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Traces: what was said in a call and where its time went. Only admins see them, and only they
/// turn them on (the owner of a key may have its own calls traced with `keys edit --trace`).
namespace nufi::service {

/// What traces leave free of a disk of `capacity` bytes, so that they never keep the ledger, and
/// with it every call, from going on: 5 % of it, at least 64 MiB (the journal, the database's log
/// and a backup's beginning), at most 1 GiB (enough for any of them), and of a small disk no more
/// than a quarter, or nothing could be traced there.
std::int64_t trace_reserve(std::int64_t capacity);
/// Whether `bytes` of traces may be written where `free` bytes of `capacity` are: they lie on the
/// disk twice, in the database's log and in the database.
bool has_room_for_traces(std::int64_t bytes, std::int64_t free, std::int64_t capacity);

/// Where traces are kept: sealed, so that whoever has the file alone reads no prompt. Thread-safe.
class TraceArchive {
 public:
  /// `file` is the one behind `store`.
  TraceArchive(store::Traces& store, const Vault& vault, std::filesystem::path file);

  /// Seals and writes them, all or none. Throws Error{unavailable}, also where they would take the
  /// last room of the disk.
  void add(std::vector<store::StoredTrace> traces);
  /// Takes those away that are too old or too many. Throws Error{unavailable}.
  void retire(Timestamp now, std::chrono::days kept, std::int64_t most_bytes);
  /// Some could not be kept.
  void count_lost(std::int64_t traces) { lost_ += traces; }
  /// Why none can be written now, "" = they can.
  void set_problem(std::string problem) { *problem_.lock() = std::move(problem); }

  [[nodiscard]] store::Traces& store() const { return store_; }
  [[nodiscard]] std::int64_t lost() const { return lost_; }
  [[nodiscard]] std::string problem() const { return *problem_.lock(); }
  [[nodiscard]] const std::filesystem::path& file() const { return file_; }
  /// `sealed` as it was before add(). Throws Error{unavailable} if it was sealed with another key.
  [[nodiscard]] store::StoredTrace open(store::StoredTrace sealed) const;

  /// Waits until every trace of a call that has ended is written, or lost. Set before the first
  /// reader comes.
  std::function<void()> sync = [] {};

 private:
  store::Traces& store_;
  const Vault& vault_;
  const std::filesystem::path file_;
  std::atomic<std::int64_t> lost_ = 0;
  mutable Sync<std::string> problem_;
};

/// How tracing is set, for all or for the key that `key` means. All functions here throw
/// Error{not_permitted} for members and Error{unavailable}; those with a `key` or a `word` throw
/// Error{not_found} or Error{ambiguous}.
domain::TraceSettings show_trace_settings(const Context& context,
                                          const Actor& actor,
                                          std::string_view key);
/// Counts for the next call when it returns.
domain::TraceSettings set_trace_mode(const Context& context,
                                     const Actor& actor,
                                     domain::TraceMode mode,
                                     std::string_view key);

struct TraceQuery {
  std::int64_t last = 50;  ///< 1 to 1000
  std::string key;
  std::string before;  ///< id of a trace: only those kept before it
};
/// Newest first.
Page<domain::TraceHead> list_traces(const Context& context,
                                    const Actor& actor,
                                    const TraceQuery& query);

/// The trace, opened, of the request that `word` (its id, or a beginning that no other has) means.
store::StoredTrace show_trace(const Context& context, const Actor& actor, std::string_view word);
/// Its id.
std::string remove_trace(const Context& context, const Actor& actor, std::string_view word);
/// How many there were; std::nullopt if that can't be told any more. Works on a full disk.
std::optional<std::int64_t> remove_all_traces(const Context& context, const Actor& actor);

}  // namespace nufi::service
