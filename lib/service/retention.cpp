#include "lib/service/retention.hpp"

#include "lib/base/log.hpp"

#include <algorithm>

namespace nufi::service {

namespace {

using namespace std::chrono_literals;

/// What one transaction may take, and the rest after it, in which the others write.
constexpr std::chrono::milliseconds kAtOnce = 20ms;
constexpr std::chrono::milliseconds kPause = 80ms;
/// When there is nothing (more) to take away.
constexpr std::chrono::milliseconds kRest = 10min;

/// Between two looks at the clock so much may pass: a long weekend, and what a clock that was set
/// forward may delete too early.
constexpr std::chrono::milliseconds kUsualGap = 96h;
/// After more, both clocks must go evenly for this long: time enough to see that one is wrong.
constexpr std::chrono::milliseconds kProbation = 6h;
/// By so much the wall clock may be corrected while they do.
constexpr std::chrono::milliseconds kCorrection = 10min;

/// OpenAI keeps a response for 30 days, and nobody is known to keep one longer.
constexpr std::chrono::days kResponsesKept{30};

Timestamp quarter_of(Timestamp time) {
  return time - time.time_since_epoch() % 15min;
}

}  // namespace

Retention::Retention(store::LedgerStore& store, const Clock& clock)
    : store_(store), clock_(clock), even_wall_(clock.now()), even_steady_(clock.steady()) {}

bool Retention::trusts_clock() {
  const auto now = clock_.now();
  const auto steady = clock_.steady();
  const auto even =
      even_wall_ + std::chrono::duration_cast<std::chrono::milliseconds>(steady - even_steady_);
  if (std::chrono::abs(now - even) > kCorrection) {
    even_wall_ = now;
    even_steady_ = steady;
  }
  if (!trusted_at_) trusted_at_ = store_.clock_trusted_at();
  const bool is_usual = std::chrono::abs(now - *trusted_at_) <= kUsualGap;
  if (!is_usual && steady - even_steady_ < kProbation) {
    // A new database has not seen the clock yet, and nothing that is old.
    const bool is_new = *trusted_at_ == Timestamp();
    if (!is_doubted_ && !is_new) {
      log::warning("the clock jumped: no old rows are deleted for some hours");
    }
    is_doubted_ = true;
    return false;
  }
  store_.trust_clock(now);
  trusted_at_ = now;
  is_doubted_ = false;
  return true;
}

std::chrono::milliseconds Retention::step(std::optional<int> keep_days) {
  if (!trusts_clock()) return kRest;
  const auto kept =
      keep_days ? std::min(kResponsesKept, std::chrono::days(*keep_days)) : kResponsesKept;
  if (store_.retire_responses(clock_.now() - kept) > 0) return kPause;
  if (!keep_days) return kRest;
  const auto before = quarter_of(clock_.now() - std::chrono::days(*keep_days));
  const auto retired = store_.retire(before, kAtOnce);
  if (retired.rows > 0) {
    log::debug("old rows deleted", {{"rows", static_cast<long long>(retired.rows)}});
  }
  return retired.more ? kPause : kRest;
}

}  // namespace nufi::service
