#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/time_zone.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/estimate.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/domain/verdict.hpp"
#include "lib/store/ledger_store.hpp"
#include "lib/store/store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace nufi::ledger {

/// A window a call must fit, and its limit (std::nullopt: counted, not limited).
struct Constraint {
  domain::WindowId window;
  std::optional<std::int64_t> limit;
  /// `--enforce soft` of the key whose window it is: admit while spent < limit and hold nothing.
  /// Project and account stay strict: their ceiling is not the key owner's to soften.
  bool soft = false;
};

/// What a call asks of the ledger.
struct HoldRequest {
  domain::LedgerRow row;  ///< who and what; id, time, held and status are filled in by the ledger
  /// The windows of the row's key, of its parent key, if it has one, of its project and account.
  std::vector<Constraint> constraints;
  domain::Ceiling ceiling;
};

/// A hold that was taken.
struct Held {
  domain::RequestId id;
  domain::Ask ask;
};
/// The ledger can't be written; nothing was held. `problem` is for people.
struct Unwritable {
  std::string problem;
};
/// Held, or the window that has no room (the most binding one), or the ledger is not writable.
using HoldOutcome = std::variant<Held, domain::WindowRefusal, Unwritable>;

/// What a hold would be told.
struct Preview {
  domain::Ask ask;
  std::optional<domain::WindowRefusal> refusal;  ///< the window that has no room now
  std::string problem;                           ///< why the ledger can't be written, "" = it can
};

inline constexpr std::size_t kMostTried = 12;
inline constexpr std::size_t kMaxResponseId = 256;

/// How a call ended. The charge is decided by the caller (gateway/meter).
struct Settlement {
  domain::RowStatus status = domain::RowStatus::ok;
  int http_status = 0;
  std::string error_code;
  std::string upstream;
  std::string upstream_model;
  domain::Usage usage;
  domain::Money cost;
  domain::Money upstream_cost;
  std::optional<domain::Money> upstream_reported_cost;
  domain::CostBasis basis = domain::CostBasis::none;
  std::string price_id;
  domain::CostBasis usage_basis = domain::CostBasis::none;  ///< as in LedgerRow, like the next two
  domain::ServiceTier tier = domain::ServiceTier::standard;
  domain::Multiplier multiplier = domain::kMultiplierOne;
  int attempts = 0;
  /// Each of them, in order, if there was more than one; the first kMostTried are kept.
  std::vector<domain::Attempt> tried;
  /// The response that the upstream keeps for the account from now on; "" = none. A longer one than
  /// kMaxResponseId is not noted.
  std::string response_id;
  domain::UpstreamId response_upstream;
  std::int64_t connect_us = -1;
  std::int64_t first_byte_us = -1;
  std::int64_t total_us = -1;
};

struct Options {
  std::filesystem::path journal_dir;  ///< made if absent
  store::Durability durability = store::Durability::power;
  TimeZone zone;
};

struct HeldTotals {
  std::int64_t calls = 0;
  domain::Money money;
};

/// Money's one truth: who may spend, what is reserved, what was spent.
///
/// How it keeps the promises. Every hold and settlement is one record in an append-only journal
/// (journal.hpp); the windows live in memory as the sum of database and journal, changed under one
/// lock in the order of the records. A writer thread folds the records into the database in their
/// order, in short batches: row, windows and rollups of a batch in one transaction that also notes
/// how far the journal has been folded. At start the rest of the journal is folded the same way,
/// and what is still open becomes `interrupted` at the amount held.
///
/// Invariants (ledger_test.cpp and ledger_model_test.cpp hold each):
///   1. spent + held <= limit after every hold of a limited window (strict keys).
///   2. A call takes all its windows or none; a settlement gives back exactly what its hold took,
///      in the cycle it was taken in.
///   3. A hold is durable before its callback runs; a settlement before its own. Where the journal
///      could not be written or synced, only the database saves: the callback waits for the fold.
///   4. A hold is settled exactly once: the space for its settlement is reserved in the journal
///   with
///      it, so a full disk refuses new holds but never loses a settlement.
///   5. Σ cost of rows = Σ rollups = spent of the windows + what was forgiven in them, at every
///      commit of the database. Where rows are gone by age, their rollups stand for them. The
///      windows of a key count its own rows and those of its children: a row says which key is the
///      parent of its own, and a key keeps its parent for good, also when either is deleted.
///   6. No hold is refused while it would fit once the calls in flight have settled, unless it ran
///      out of patience; waiting calls are served in turn per window.
///
/// Thread-safe. hold, settle and cancel never block on the disk beyond a write to the page cache,
/// and never run SQL. Callbacks run on the caller's thread or on a thread of the ledger's: they
/// must only hand over to their own loop.
class Ledger {
 public:
  using HoldCallback = std::function<void(HoldOutcome)>;
  using SettleCallback = std::function<void()>;
  /// Names a hold that waits in turn.
  using Ticket = std::uint64_t;

  virtual ~Ledger() = default;

  /// Takes the ask of `request.ceiling` out of all windows, or of none. `done` runs exactly once:
  /// within this call if it is decided and durable at once, else later. A call that does not fit
  /// now but may after others have settled waits until give_up(ticket).
  virtual Ticket hold(HoldRequest request, HoldCallback done) = 0;

  /// Ends the wait of a hold: its callback gets the refusal. Nothing if it was decided already.
  virtual void give_up(Ticket ticket) = 0;

  /// Ends the call: charges `settlement.cost`, gives back the hold, completes the row. `durable`
  /// (may be empty) runs once, or not at all if the ledger is destroyed before. Call exactly once
  /// per Held.
  virtual void settle(domain::RequestId id, Settlement settlement, SettleCallback durable) = 0;

  /// Counts a call that was refused by a limit, for the reports. Not journaled.
  virtual void count_refusal(const domain::LedgerRow& who) = 0;

  /// What hold() would say to `request` now, if it had no time to wait. Nothing is taken.
  [[nodiscard]] virtual Preview preview(const HoldRequest& request) const = 0;

  /// The window's state at this moment, 0 if it was never used.
  [[nodiscard]] virtual domain::WindowState window(const domain::WindowId& id) const = 0;

  /// The period that the subject's window of `metric` counts; std::nullopt if it was never used.
  [[nodiscard]] virtual std::optional<domain::Period> counted_period(
      domain::Scope scope, const std::string& subject, domain::Metric metric) const = 0;

  /// Starts counting a window whose period was just given to a key, project or account: what was
  /// spent since the cycle began counts. May block on the database.
  virtual void start_window(const domain::WindowId& id) = 0;

  /// Forgives what these windows of one subject have spent in their running cycles; windows that
  /// were never used or count another period are left alone. `audit` is written in the same
  /// transaction, so a crash leaves both or none. Calls in flight keep their holds and settle as
  /// ever. Returns what was forgiven, by window. Throws Error{unavailable}; then nothing was. May
  /// block on the database.
  virtual std::vector<std::int64_t> reset_windows(const std::vector<domain::WindowId>& windows,
                                                  const store::AuditEntry& audit) = 0;

  /// Gives completed calls another charge: rows, rollups and windows of the cycles that hold them
  /// change together. A row whose cost is not `was` any more is left alone. `audit` may be null.
  /// One transaction; meanwhile calls go on, and nothing is folded: keep batches small. Returns how
  /// many rows changed. Throws Error{unavailable}; then nothing did. May block on the database.
  virtual std::int64_t correct(const std::vector<store::Correction>& corrections,
                               const store::AuditEntry* audit) = 0;

  [[nodiscard]] virtual HeldTotals held() const = 0;

  /// "" while the ledger can be written, else why not.
  [[nodiscard]] virtual std::string problem() const = 0;

  /// Blocks until all that was recorded before this call is in the database, so that reports see
  /// it. Throws Error{unavailable} if that can't be done.
  virtual void sync() = 0;

  /// Proves that journal, open calls, rows, rollups and windows agree. Reads all of the ledger; no
  /// call waits for it. Throws Error{unavailable} if that can't be done.
  virtual store::VerifyReport verify() = 0;
};

/// Opens the ledger over `store`, replays the journal, settles what a crash left open and starts
/// the writer. `clock` and `store` must outlive it. Throws Error{unavailable}. Destroying it waits
/// for what is recorded to reach the database.
std::unique_ptr<Ledger> open(store::LedgerStore& store, const Clock& clock, Options options);

}  // namespace nufi::ledger
