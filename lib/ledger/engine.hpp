#pragma once

#include "lib/base/error.hpp"
#include "lib/ledger/counters.hpp"
#include "lib/ledger/journal.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/ledger/record.hpp"
#include "lib/store/ledger_store.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nufi::ledger {

/// The ledger behind Ledger. engine.cpp: holds and settlements; fold.cpp: the threads that make
/// them durable and fold them into the database; recover.cpp: the start after a crash.
///
/// Locks, outermost first: fold_mutex_ (one folder at a time, may run SQL) → mutex_ (everything
/// else, held for microseconds; never across SQL, fsync or a callback).
class Engine final : public Ledger {
 public:
  Engine(store::LedgerStore& store, const Clock& clock, Options options);
  ~Engine() override;

  Ticket hold(HoldRequest request, HoldCallback done) override;
  void give_up(Ticket ticket) override;
  void settle(domain::RequestId id, Settlement settlement, SettleCallback durable) override;
  void count_refusal(const domain::LedgerRow& who) override;
  Preview preview(const HoldRequest& request) const override;
  domain::WindowState window(const domain::WindowId& id) const override;
  std::optional<domain::Period> counted_period(domain::Scope scope,
                                               const std::string& subject,
                                               domain::Metric metric) const override;
  void start_window(const domain::WindowId& id) override;
  std::int64_t correct(const std::vector<store::Correction>& corrections,
                       const store::AuditEntry* audit) override;
  std::vector<std::int64_t> reset_windows(const std::vector<domain::WindowId>& windows,
                                          const store::AuditEntry& audit) override;
  HeldTotals held() const override;
  std::string problem() const override;
  void sync() override;
  store::VerifyReport verify() override;

 private:
  /// What a call took out of one window.
  struct Take {
    CounterPtr counter;
    std::int64_t amount = 0;
  };
  struct OpenCall {
    domain::LedgerRow row;
    std::vector<Take> takes;
    std::uint64_t admission = 0;  ///< number of the event; 0 = it is in the database
  };
  /// A call that ended, and the windows that count it.
  struct Ended {
    domain::LedgerRow row;
    std::vector<CounterPtr> counters;
    std::optional<store::StoredResponse> response;
  };
  /// What was recorded and is not in the database yet. They are numbered 1, 2, 3 … and folded in
  /// this order, so what is in the database is always a beginning of the journal.
  struct Event {
    std::uint64_t position = 0;  ///< of its record, or of the last one before if it has none
    domain::RequestId id;
    std::unique_ptr<Ended> ended;  ///< null: the call was admitted
    std::uint64_t end = 0;         ///< of an admission: the event that ended the call, 0 = it runs
  };
  /// Who waits until an event is in the database.
  struct Unsaved {
    std::uint64_t event = 0;
    SettleCallback done;
  };
  /// Windows that are to be forgiven, what was, and the entry about it.
  struct Reset {
    const std::vector<domain::WindowId>& windows;
    const store::AuditEntry& audit;
    std::vector<std::int64_t> forgiven;
  };
  struct Folding;
  struct Waiter {
    Ticket ticket = 0;
    HoldRequest request;
    HoldCallback done;
    /// The window it waits for; none: it waits for room in the journal.
    std::optional<domain::WindowId> binding;
    SteadyTime since;
  };
  /// A callback that waits for its record to reach the disk.
  struct Unsynced {
    std::function<void(const std::string& problem)> done;  ///< "" = it is on the disk
  };
  using Decided = std::vector<std::pair<HoldCallback, HoldOutcome>>;

  // engine.cpp; all with mutex_ held.
  std::optional<HoldOutcome> decide(HoldRequest& request,
                                    bool in_turn,
                                    SteadyTime since,
                                    CounterPtr& binding);
  HoldOutcome take(HoldRequest& request,
                   const std::vector<CounterPtr>& counters,
                   const domain::Ask& ask,
                   Timestamp now,
                   SteadyTime since);
  void announce(HoldCallback done, HoldOutcome outcome, Decided& decided);
  void wait_for(Waiter& waiter, const CounterPtr& binding);
  void stop_waiting(Waiter& waiter);
  void serve_waiters(Decided& decided);
  /// Why a hold that has waited long enough did not get its turn.
  HoldOutcome refusal_of(const Waiter& waiter);
  /// Gives back what the call held and charges it; the row is complete then.
  static std::unique_ptr<Ended> close_call(OpenCall call, Settlement settlement);
  /// Notes the end of a call after its record was written, or could not be.
  std::uint64_t note_end(std::uint64_t admission, std::unique_ptr<Ended> ended);
  void note_broken_journal(const std::string& why);
  /// Calls `done` once the event is in the database. Without mutex_.
  void when_saved(std::uint64_t event, const SettleCallback& done);
  void note_work();
  domain::RequestId next_id(Timestamp now);
  /// The clock, but never before the last admission or the start of a cycle that was counted in: a
  /// clock that is set back must not put a row outside the cycle that counted it.
  Timestamp ledger_time() const;
  static void run(Decided& decided);

  // fold.cpp
  void write_continuously(const std::stop_token& stop);
  void sync_continuously(const std::stop_token& stop);
  // With fold_mutex_ held:
  /// All that was recorded before; false: it could not be. With `gives_way` it stops after a batch
  /// when somebody waits in sync(), and notes that there is more.
  bool fold(bool gives_way = false);
  bool fold_some(std::size_t most);  ///< the next `most` events
  bool fold_all(Reset& reset);       ///< everything, and then the windows are forgiven
  bool commit(Folding& folding);
  void gather(Folding& folding, std::size_t most, Reset* reset);  ///< mutex_ held, too
  void put_back(Folding& folding, const Error& error);            ///< mutex_ held, too
  void check_open_calls(store::VerifyReport& report);

  std::uint64_t next_event() const { return first_event_ + unfolded_.size(); }
  Event& event(std::uint64_t number) { return unfolded_[number - first_event_]; }
  void keep_segments();  ///< makes journal segments that are wanted
  void abandon(domain::RequestId id);
  /// A call in flight settles in `counter`, if it is of its subject and cycle, instead of in the
  /// windows that are not counted any more. mutex_ held.
  static void move_take(OpenCall& call, const CounterPtr& counter);
  /// The same for a call that has ended but is not folded yet.
  static void move_end(Ended& ended, const CounterPtr& counter);

  // recover.cpp
  void recover();
  CounterPtr recovered_counter(std::vector<CounterPtr>& loaded,
                               const domain::WindowId& id,
                               Timestamp time);

  store::LedgerStore& store_;
  const Clock& clock_;
  const Options options_;

  std::mutex fold_mutex_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  Counters counters_;
  Journal journal_;
  std::unordered_map<std::int64_t, OpenCall> open_;
  std::list<Waiter> waiters_;
  std::deque<Event> unfolded_;
  std::uint64_t first_event_ = 1;  ///< number of the first of them
  std::vector<Unsaved> unsaved_;
  std::map<store::RollupKey, std::int64_t> refusals_;
  std::vector<Unsynced> unsynced_;
  std::string problem_;          ///< the database or the journal can't be written
  std::string segment_problem_;  ///< no more segments can be made
  /// A record may be missing in the journal's file, and what follows it is lost with it: until all
  /// is folded, only the database saves.
  bool journal_broken_ = false;
  domain::RequestId last_id_;
  Timestamp latest_;  ///< the last moment a window was asked for room
  Ticket last_ticket_ = 0;
  bool has_work_ = false;
  std::string record_;  ///< scratch for encode()
  std::condition_variable_any work_;
  std::condition_variable_any to_sync_;

  std::atomic<int> syncing_ = 0;  ///< threads in sync()

  // Last, so that they stop before anything they use is destroyed.
  std::jthread writer_;
  std::jthread syncer_;
};

/// The millisecond a call was admitted in.
Timestamp time_of(domain::RequestId id);

/// What a window of `metric` is charged for the row.
std::int64_t charge_of(const domain::LedgerRow& row, domain::Metric metric);

std::int64_t add_saturating(std::int64_t a, std::int64_t b);

/// The id a window of `scope` counts the row under; its key's parent has one more.
const std::string& subject_of(const domain::LedgerRow& row, domain::Scope scope);

/// True if the window is one of those that count the row, whatever its cycle.
bool counts(const domain::WindowId& window, const domain::LedgerRow& row);

/// The rollup a row belongs to.
store::RollupKey rollup_key(const domain::LedgerRow& row);

}  // namespace nufi::ledger
