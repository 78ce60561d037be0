#pragma once

#include "lib/base/time_zone.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/estimate.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/domain/verdict.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/store/ledger_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nufi::ledger {

/// One window in one cycle. A hold keeps its counter, so it is given back in the cycle it was taken
/// in, even when the window has turned since.
struct Counter {
  domain::WindowId id;
  domain::Cycle cycle;
  std::int64_t spent = 0;
  std::int64_t stored =
      0;  ///< of `spent`, what is folded: with the database's rows, it is their sum
  /// What is to be added to the adjustment in the database.
  std::int64_t adjustment = 0;
  std::int64_t held = 0;
  std::int64_t in_flight = 0;
  std::int64_t waiting = 0;  ///< holds that wait for room in it; moves on when it turns
  bool dirty = false;        ///< differs from the database
  bool dropped = false;      ///< its period is no longer counted; not written any more

  [[nodiscard]] domain::WindowState state() const { return {cycle, spent, held, in_flight}; }
};
using CounterPtr = std::shared_ptr<Counter>;

/// What an ask takes out of a window of `metric`.
std::int64_t amount_of(const domain::Ask& ask, domain::Metric metric);

/// The windows in memory: one per subject and metric, turned lazily. Not thread-safe: the ledger's
/// lock guards it.
class Counters {
 public:
  explicit Counters(TimeZone zone) : zone_(std::move(zone)) {}

  /// The counter of `id` at `now`, made or turned if need be. If the subject's window has another
  /// period (it was edited a moment ago), that one.
  CounterPtr at(const domain::WindowId& id, Timestamp now);

  /// The state a reader sees at `now`; nothing is made or turned.
  [[nodiscard]] domain::WindowState peek(const domain::WindowId& id, Timestamp now) const;

  /// The subject's window whatever its period is; null if it was never used.
  [[nodiscard]] CounterPtr current(const domain::WindowId& id) const;

  /// Puts in a counter as it was stored, or one whose period was just changed: who waited for room
  /// in the subject's window waits for it in this one.
  void put(CounterPtr counter);

  /// True, once, if a window turned that holds wait for: they may fit now.
  [[nodiscard]] bool take_turned() { return std::exchange(turned_, false); }

  /// Notes that the counter must be written.
  void touch(const CounterPtr& counter);

  /// What must be written, as it is now; clears the notes.
  void collect(store::LedgerBatch& batch);
  /// Notes again what collect() gave out: the write failed.
  void restore(const std::vector<CounterPtr>& counters);
  [[nodiscard]] const std::vector<CounterPtr>& dirty() const { return dirty_; }

  [[nodiscard]] const TimeZone& zone() const { return zone_; }

 private:
  struct Slot {
    domain::Scope scope;
    domain::Metric metric;
    std::string subject;
    bool operator==(const Slot&) const = default;
  };
  struct SlotHash {
    std::size_t operator()(const Slot& slot) const noexcept {
      return std::hash<std::string>{}(slot.subject) * 8 + static_cast<std::size_t>(slot.scope) * 2 +
             static_cast<std::size_t>(slot.metric);
    }
  };

  TimeZone zone_;
  std::unordered_map<Slot, CounterPtr, SlotHash> current_;
  std::vector<CounterPtr> dirty_;
  bool turned_ = false;
};

/// Whether an ask fits all windows of a call.
struct Fit {
  enum class Kind { fits, wait, never } kind = Kind::fits;
  domain::Ask ask;
  /// The window that has too little room, with its place in the constraints (not for `fits`).
  std::optional<domain::WindowRefusal> refusal;
  CounterPtr binding;
};

/// Decides it for `request` over `counters` (same order as request.constraints). `wait`: does not
/// fit now but would if every call in flight settled at nothing.
Fit fit(const HoldRequest& request, const std::vector<CounterPtr>& counters);

}  // namespace nufi::ledger
