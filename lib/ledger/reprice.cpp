// Completed calls that get another charge. With folding stopped and everything folded, a completed
// row and its windows are in the database; what memory knows of the same windows follows by as
// much.

#include "lib/base/error.hpp"
#include "lib/ledger/engine.hpp"

#include <map>
#include <unordered_set>
#include <utility>

namespace nufi::ledger {

std::int64_t Engine::correct(const std::vector<store::Correction>& corrections,
                             const store::AuditEntry* audit) {
  std::lock_guard folding(fold_mutex_);
  if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
  const auto corrected = store_.correct(corrections, audit);
  std::map<std::pair<domain::WindowId, Timestamp>, std::int64_t> changes;
  for (const auto& each : corrected.windows) changes[{each.window, each.cycle_start}] = each.change;
  Decided decided;
  {
    std::lock_guard lock(mutex_);
    // A call in flight may hold in a cycle that has turned since: it settles there.
    std::unordered_set<CounterPtr> counters(counters_.dirty().begin(), counters_.dirty().end());
    for (const auto& [id, call] : open_) {
      for (const auto& take : call.takes) counters.insert(take.counter);
    }
    for (const auto& event : unfolded_) {
      if (event.ended) counters.insert(event.ended->counters.begin(), event.ended->counters.end());
    }
    for (const auto& change : corrected.windows) {
      if (const auto counter = counters_.current(change.window)) counters.insert(counter);
    }
    for (const auto& counter : counters) {
      const auto change = changes.find({counter->id, counter->cycle.start});
      if (change == changes.end()) continue;
      counter->spent += change->second;
      counter->stored += change->second;
    }
    // Cheaper calls make room.
    if (!waiters_.empty()) serve_waiters(decided);
  }
  run(decided);
  return corrected.rows;
}

}  // namespace nufi::ledger
