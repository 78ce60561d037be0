#pragma once

#include "lib/ledger/ledger.hpp"
#include "lib/store/store.hpp"
#include "tests/support/fake_clock.hpp"
#include "tests/support/temp_dir.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace nufi::ledger {

/// A ledger store that can be paused or made to fail, in front of a real one. Thread-safe.
class Valve final : public store::LedgerStore {
 public:
  explicit Valve(store::LedgerStore& inner) : inner_(inner) {}

  /// Batches wait until resume(): what is recorded stays in memory and journal.
  void pause();
  void resume();
  /// Returns when a batch waits to pass.
  void await_batch();
  /// Batches are refused, as by a full disk.
  void fail(bool fails) { fails_ = fails; }
  /// Keeps batches out while it is held.
  std::unique_lock<std::mutex> quiet() { return std::unique_lock(mutex_); }
  [[nodiscard]] int applied() const { return applied_; }

  void apply(const store::LedgerBatch& batch) override;
  store::LedgerState load(Timestamp now) override { return inner_.load(now); }
  store::Corrected correct(const std::vector<store::Correction>& corrections,
                           const store::AuditEntry* audit) override;
  std::int64_t spent_between(domain::Scope scope,
                             const std::string& subject,
                             domain::Metric metric,
                             Timestamp from,
                             Timestamp to) override {
    return inner_.spent_between(scope, subject, metric, from, to);
  }
  std::int64_t forgiven_between(domain::Scope scope,
                                const std::string& subject,
                                domain::Metric metric,
                                Timestamp from,
                                Timestamp to) override {
    return inner_.forgiven_between(scope, subject, metric, from, to);
  }
  store::VerifyReport verify() override { return inner_.verify(); }
  std::vector<domain::RequestId> open_rows() override { return inner_.open_rows(); }
  store::Retired retire(Timestamp before, std::chrono::milliseconds patience) override {
    return inner_.retire(before, patience);
  }
  std::optional<store::StoredResponse> find_response(const std::string& id) override {
    return inner_.find_response(id);
  }
  void forget_response(const std::string& id) override { inner_.forget_response(id); }
  std::int64_t retire_responses(Timestamp before) override {
    return inner_.retire_responses(before);
  }
  Timestamp clock_trusted_at() override { return inner_.clock_trusted_at(); }
  void trust_clock(Timestamp now) override { inner_.trust_clock(now); }

 private:
  store::LedgerStore& inner_;
  std::mutex mutex_;
  std::condition_variable resumed_;
  bool paused_ = false;
  int held_back_ = 0;  ///< batches that wait to pass
  std::condition_variable came_;
  std::atomic<bool> fails_ = false;
  std::atomic<int> applied_ = 0;
};

/// Whose windows a call must fit; the ids are texts.
struct Payer {
  std::string key = "key_a";
  std::string project = "proj_a";
  std::string account = "acct_a";
  domain::SpendLimits key_limits;
  domain::SpendLimits project_limits;
  domain::SpendLimits account_limits;
  bool soft = false;
  std::string parent = {};  ///< id of the key whose limits hold as well; "" = none
  domain::SpendLimits parent_limits = {};
  bool parent_soft = false;
};

/// A payer whose key may spend `nanos` per `period`.
Payer key_with(std::int64_t nanos, domain::Period period = domain::Period::month);

/// A call that asks for so much and is not clamped.
HoldRequest ask(const Payer& payer, std::int64_t nanos, std::int64_t tokens = 0);
/// Its end.
Settlement cost(std::int64_t nanos, std::int64_t tokens = 0);

domain::WindowId key_window(const Payer& payer);
domain::WindowId window_of(domain::Scope scope,
                           const std::string& subject,
                           domain::Metric metric,
                           domain::Period period);

/// A hold whose callback may not have run yet.
struct Pending {
  Ledger::Ticket ticket = 0;
  std::future<HoldOutcome> outcome;

  [[nodiscard]] bool is_decided() const;
  /// Waits for it, for ten seconds at most.
  HoldOutcome get();
};
Pending start_hold(Ledger& ledger, HoldRequest request);
/// Settles and waits until that is durable.
void settle(Ledger& ledger, domain::RequestId id, Settlement settlement);
/// The id of a hold that was taken; fails the test if it was not.
domain::RequestId taken(const HoldOutcome& outcome);

/// A ledger over SQLite in a directory of its own. It is 2026-08-20T12:00:00Z when it is made.
class House {
 public:
  explicit House(store::Durability durability = store::Durability::process,
                 Timestamp now = Timestamp(std::chrono::milliseconds(1'787'227'200'000)));
  ~House();

  Ledger& ledger() { return *ledger_; }
  Valve& valve() { return *valve_; }
  store::Store& store() { return *store_; }
  void close();
  void open();
  void reopen() {
    close();
    open();
  }
  /// What kill -9 leaves at this moment, opened as another house with the same time.
  std::unique_ptr<House> crash();
  /// Brings all to the database, and pauses again if it was paused.
  void fold();
  /// Pauses the valve and returns when the writer waits at it: from here on to resume() nothing
  /// happens but what the test does. Without that a batch of before may still serve who waits.
  void be_still();

  domain::RequestId hold(HoldRequest request);
  domain::WindowState window(const domain::WindowId& id) { return ledger_->window(id); }
  /// All rows, oldest first.
  std::vector<domain::LedgerRow> rows();
  /// What verify() has to say; "" if nothing.
  std::string faults();

  test::TempDir directory;
  test::FakeClock clock;

 private:
  const store::Durability durability_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Valve> valve_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace nufi::ledger
