#pragma once

#include "lib/base/clock.hpp"
#include "lib/store/ledger_store.hpp"

#include <chrono>
#include <optional>

namespace nufi::service {

/// Takes ledger rows away that are older than `keep_days`, a few at a time, so that nobody waits
/// for it; and who made a response, when its upstream does not keep it any longer. What was deleted
/// can't be had back, so a clock that somebody set wrong must not delete: when it tells of more
/// than a long weekend since it was last looked at, nothing goes until it has run evenly for some
/// hours. One thread at a time.
class Retention {
 public:
  Retention(store::LedgerStore& store, const Clock& clock);

  /// The next step; returns how long to rest before the one after. Throws Error{unavailable}.
  std::chrono::milliseconds step(std::optional<int> keep_days);

 private:
  bool trusts_clock();

  store::LedgerStore& store_;
  const Clock& clock_;
  // Since when both clocks go evenly.
  Timestamp even_wall_;
  SteadyTime even_steady_;
  std::optional<Timestamp> trusted_at_;  ///< as it is stored; read at the first step
  bool is_doubted_ = false;
};

}  // namespace nufi::service
