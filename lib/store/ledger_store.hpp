#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/budget.hpp"
#include "lib/domain/ids.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/store/audit.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nufi::store {

/// What a rollup counts together: 15 minutes of one key on one model and upstream.
struct RollupKey {
  Timestamp bucket;  ///< start of the quarter of an hour (UTC) that holds the row's time
  domain::AccountId account;
  domain::ProjectId project;
  domain::KeyId key;
  std::string group;
  std::string model;
  std::string upstream;
  auto operator<=>(const RollupKey&) const = default;
};

/// What it counts; every member >= 0.
struct RollupSums {
  std::int64_t requests = 0;  ///< completed rows
  std::int64_t errors = 0;    ///< of them client_error, upstream_error, interrupted, cut
  std::int64_t refused = 0;   ///< calls refused by a limit; they have no row
  domain::Money cost;
  domain::Money upstream_cost;
  domain::Usage usage;
  RollupSums& operator+=(const RollupSums& other);
  bool operator==(const RollupSums&) const = default;
};

/// The settled amount of one window in one cycle.
struct WindowAmount {
  domain::WindowId window;
  Timestamp cycle_start;
  Timestamp cycle_end;
  std::int64_t spent = 0;
  /// Added to what the window is adjusted by: spent = sum of its completed rows + adjustment. A
  /// reset forgives, so it is <= 0.
  std::int64_t adjustment = 0;
  /// When it was reset: what its subject has used by then, in the same batch, is never counted
  /// again.
  std::optional<Timestamp> reset_at = {};
};

/// A response that an upstream keeps, and whose it is.
struct StoredResponse {
  std::string id;  ///< the upstream's
  domain::UpstreamId upstream;
  std::string upstream_name;  ///< as it was called then
  domain::AccountId account;
  domain::KeyId key;
  Timestamp created_at;
};

/// What one commit of the ledger writes, in one transaction.
struct LedgerBatch {
  std::vector<domain::LedgerRow> rows;        ///< inserted, or replacing the row of the same id
  std::vector<WindowAmount> windows;          ///< inserted, or replacing `spent`
  std::vector<WindowAmount> dropped_windows;  ///< deleted first (by window and cycle_start)
  std::map<RollupKey, RollupSums> rollups;    ///< added to what is there
  std::map<domain::KeyId, Timestamp> last_used;
  std::vector<StoredResponse> responses;  ///< inserted, or taking the place of one of the same id
  std::vector<AuditEntry> audit;          ///< what people did, in the transaction of its effect
  std::uint64_t journal_position = 0;     ///< everything up to this record is in the database now
};

/// Another charge for a completed row.
struct Correction {
  domain::RequestId id;
  domain::Money was;  ///< the cost it was decided on: a row with another one is left alone
  domain::Money cost;
  domain::Money upstream_cost;
  domain::CostBasis basis = domain::CostBasis::none;
  std::string price_id;
};

/// By how much corrections changed `spent` of a window in one cycle.
struct WindowChange {
  domain::WindowId window;
  Timestamp cycle_start;
  std::int64_t change = 0;
};

/// What became of corrections.
struct Corrected {
  std::int64_t rows = 0;  ///< that were changed
  std::vector<WindowChange> windows;
};

/// What the ledger needs to start.
struct LedgerState {
  std::uint64_t journal_position = 0;
  domain::RequestId last_request;
  std::vector<WindowAmount> windows;       ///< whose cycle has not ended at the given time
  std::vector<domain::LedgerRow> running;  ///< rows that a crash left open, by id
};

/// What one step of retention took away.
struct Retired {
  std::int64_t rows = 0;
  std::int64_t windows = 0;
  bool more = false;  ///< it ran out of time: there is more to take away
};

/// A difference that `nufi ledger verify` found.
struct LedgerFault {
  std::string what;  ///< "window key_… usd month 2026-08: spent 1.5, rows sum to 1.25"
};
struct VerifyReport {
  std::int64_t rows = 0;
  std::int64_t rollups = 0;
  std::int64_t windows = 0;
  std::vector<LedgerFault> faults;
};

/// The ledger's tables. apply() and load() belong to the ledger's one writer; the rest is
/// thread-safe. Throws Error{unavailable} if the database can't be read or written (full disk,
/// read-only, corrupt); then nothing of the batch was written.
class LedgerStore {
 public:
  virtual ~LedgerStore() = default;
  virtual void apply(const LedgerBatch& batch) = 0;
  virtual LedgerState load(Timestamp now) = 0;
  /// Changes the charge of rows, and with it rollups and windows, in one transaction; `audit` may
  /// be null. What a window was forgiven stays forgiven, whatever it costs now.
  /// Belongs to the ledger's one writer, like apply().
  virtual Corrected correct(const std::vector<Correction>& corrections,
                            const AuditEntry* audit) = 0;
  /// Sums of completed rows [from, to) of a subject, for a window that starts being counted.
  virtual std::int64_t spent_between(domain::Scope scope,
                                     const std::string& subject,
                                     domain::Metric metric,
                                     Timestamp from,
                                     Timestamp to) = 0;
  /// How much of that was forgiven by the last reset, if it was in [from, to).
  virtual std::int64_t forgiven_between(domain::Scope scope,
                                        const std::string& subject,
                                        domain::Metric metric,
                                        Timestamp from,
                                        Timestamp to) = 0;
  /// Proves rows = rollups = windows, in one read transaction.
  virtual VerifyReport verify() = 0;
  /// The rows that are open, by id.
  virtual std::vector<domain::RequestId> open_rows() = 0;

  /// Takes away completed rows from before `before` (the start of a quarter of an hour) and windows
  /// whose cycle ended by then, oldest first, in one transaction of about `patience`; an open row
  /// keeps itself and all that is newer. Rollups stay.
  /// From then on verify() trusts the rollups where the rows are gone.
  virtual Retired retire(Timestamp before, std::chrono::milliseconds patience) = 0;
  /// The stored response of this id, if there is one.
  virtual std::optional<StoredResponse> find_response(const std::string& id) = 0;
  /// Forgets it: its upstream does not keep it any more.
  virtual void forget_response(const std::string& id) = 0;
  /// Takes away some of the stored responses made before `before`; returns how many.
  virtual std::int64_t retire_responses(Timestamp before) = 0;
  /// When retire() was last sure of the time, and to note that; the epoch if never.
  virtual Timestamp clock_trusted_at() = 0;
  virtual void trust_clock(Timestamp now) = 0;
};

}  // namespace nufi::store
