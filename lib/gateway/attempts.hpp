#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/gateway/choose.hpp"
#include "lib/gateway/upstream_health.hpp"
#include "lib/net/awaitable.hpp"
#include "lib/net/exchange.hpp"
#include "lib/net/upstream_call.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace nufi::gateway {

/// The way of one call through its candidates: whom it may ask next, and what came of each, for
/// their health and for the call's row. Belongs to the loop of the call.
class Attempts {
 public:
  /// `client_retries`: the client sends this call again by itself, as its last attempts failed.
  /// Then one attempt that reached an upstream is all, or the two would multiply.
  Attempts(const std::vector<Priced>& candidates, const Clock& clock, bool client_retries);

  /// Goes to the first upstream that may be asked. Where a single call probes the only one that is
  /// left, waits until that one knows, at most `patience`, and then goes on beside it: a model may
  /// think for a minute, and its house must not stand still so long. False if all rest.
  net::Awaitable<bool> start(net::Exchange& exchange, std::chrono::milliseconds patience);
  [[nodiscard]] const Priced& current() const { return candidates_[at_]; }
  /// No other candidate stands behind this one.
  [[nodiscard]] bool is_last() const { return at_ + 1 >= candidates_.size(); }

  /// An attempt at current() begins, at the first or once more.
  void begin();
  /// What became of it: once for each begin(), unless it was cancelled.
  void end(net::RequestResult result, const net::UpstreamCall& call);
  /// After end(): goes on to the next upstream that may be asked, if the call may be sent again.
  bool go_on();

  /// Why nobody may be asked, where start() was false.
  [[nodiscard]] std::vector<Resting> resting() const;
  [[nodiscard]] int count() const { return count_; }
  /// The first dozen that have ended.
  [[nodiscard]] const std::vector<domain::Attempt>& ended() const { return tried_; }
  /// All that have ended, if there was more than one; the first dozen.
  [[nodiscard]] std::vector<domain::Attempt> tried() const;

 private:
  [[nodiscard]] UpstreamHealth::Standing standing(std::size_t index) const;
  /// The next from `from` on that may be asked and is not busy, or also if it is.
  bool advance(std::size_t from, bool also_busy);
  bool advance_from_start();
  bool go_beside_probe();
  void tell_health(net::RequestResult result, const net::UpstreamCall& call);

  const std::vector<Priced>& candidates_;
  const Clock& clock_;
  const bool client_retries_;
  std::size_t at_ = 0;
  std::optional<UpstreamHealth::Turn> turn_;
  SteadyTime began_{};
  bool may_go_on_ = false;
  int count_ = 0;
  std::vector<domain::Attempt> tried_;
};

}  // namespace nufi::gateway
