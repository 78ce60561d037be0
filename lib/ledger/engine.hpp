#pragma once

#include "lib/ledger/counters.hpp"
#include "lib/ledger/journal.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/ledger/record.hpp"
#include "lib/store/ledger_store.hpp"

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
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
  };
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
  OpenCall close_call(OpenCall call, const Settlement& settlement);
  void note_work();
  domain::RequestId next_id(Timestamp now);
  /// The clock, but never before the last admission or the start of a cycle that was counted in: a
  /// clock that is set back must not put a row outside the cycle that counted it.
  Timestamp ledger_time() const;
  static void run(Decided& decided);

  // fold.cpp
  void write_continuously(const std::stop_token& stop);
  void sync_continuously(const std::stop_token& stop);
  bool fold();           ///< fold_mutex_ held
  void keep_segments();  ///< makes journal segments that are wanted
  void abandon(domain::RequestId id);
  /// A call in flight settles in `counter`, if it is of its subject and cycle, instead of in the
  /// windows that are not counted any more. mutex_ held.
  static void move_take(OpenCall& call, const CounterPtr& counter);

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
  std::vector<domain::LedgerRow> completed_;  ///< not folded yet
  std::vector<domain::RequestId> opened_;     ///< not folded yet, may have ended since
  std::map<store::RollupKey, std::int64_t> refusals_;
  std::vector<Unsynced> unsynced_;
  std::string problem_;          ///< the database or the journal can't be written
  std::string segment_problem_;  ///< no more segments can be made
  domain::RequestId last_id_;
  Timestamp latest_;  ///< the last moment a window was asked for room
  Ticket last_ticket_ = 0;
  bool has_work_ = false;
  std::string record_;  ///< scratch for encode()
  std::condition_variable_any work_;
  std::condition_variable_any to_sync_;

  // Last, so that they stop before anything they use is destroyed.
  std::jthread writer_;
  std::jthread syncer_;
};

/// The millisecond a call was admitted in.
Timestamp time_of(domain::RequestId id);

/// The id a window of `scope` counts the row under.
const std::string& subject_of(const domain::LedgerRow& row, domain::Scope scope);

/// The rollup a row belongs to.
store::RollupKey rollup_key(const domain::LedgerRow& row);

}  // namespace nufi::ledger
