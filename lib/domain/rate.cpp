#include "lib/domain/rate.hpp"

#include "lib/domain/estimate.hpp"
#include "lib/domain/wide.hpp"

#include <algorithm>

namespace nufi::domain {
namespace {

using std::chrono::milliseconds;

std::int64_t slot_of(SteadyTime time) {
  return std::chrono::floor<milliseconds>(time.time_since_epoch()) / RateWindow::kSlot;
}

/// The moment from which on what was taken in the slot does not count any more.
SteadyTime end_of(std::int64_t slot) {
  return SteadyTime(RateWindow::kSlot * (slot + 1) + RateWindow::kSpan);
}

std::optional<RateLimit> smaller(const std::optional<std::int64_t>& own,
                                 const std::optional<std::int64_t>& groups) {
  if (groups && (!own || *groups < *own)) return RateLimit{*groups, true, false};
  if (own) return RateLimit{*own, false, false};
  return std::nullopt;
}

}  // namespace

RateLimits rate_limits(const Key& key, const Group& group) {
  return {.requests = smaller(key.rpm, group.rpm),
          .tokens = smaller(key.tpm, group.tpm),
          .parallel = smaller(key.max_parallel, group.max_parallel)};
}

RateLimits parent_rate_limits(const Key& parent) {
  RateLimits limits = rate_limits(parent, Group());
  for (auto* limit : {&limits.requests, &limits.tokens, &limits.parallel}) {
    if (*limit) (*limit)->of_parent = true;
  }
  return limits;
}

void RateWindow::forget_old(SteadyTime now) {
  while (!slots_.empty() && end_of(slots_.front().number) <= now) {
    used_ -= slots_.front().amount;
    slots_.pop_front();
  }
}

std::optional<milliseconds> RateWindow::wait_for(std::int64_t ask,
                                                 std::int64_t limit,
                                                 SteadyTime now) {
  forget_old(now);
  if (ask > limit) return std::nullopt;
  if (used_ <= limit - ask) return milliseconds{0};
  std::int64_t used = used_;
  SteadyTime free_at = now;
  for (auto slot = slots_.begin(); slot != slots_.end() && used > limit - ask; ++slot) {
    used -= slot->amount;
    free_at = end_of(slot->number);
  }
  return std::max(milliseconds{1}, std::chrono::ceil<milliseconds>(free_at - now));
}

void RateWindow::take(std::int64_t amount, SteadyTime now) {
  forget_old(now);
  const auto number = slot_of(now);
  if (slots_.empty() || slots_.back().number < number) slots_.push_back({number, 0});
  slots_.back().amount += amount;
  used_ += amount;
}

void RateWindow::correct(std::int64_t amount, SteadyTime then, SteadyTime now) {
  forget_old(now);
  const auto number = slot_of(then);
  const auto found =
      std::lower_bound(slots_.begin(), slots_.end(), number, [](const Slot& slot, auto wanted) {
        return slot.number < wanted;
      });
  if (found == slots_.end() || found->number != number) return;
  amount = std::max(amount, -found->amount);
  found->amount += amount;
  used_ += amount;
}

RateState RateWindow::state(SteadyTime now) {
  forget_old(now);
  RateState state;
  state.used = used_;
  if (used_ > 0) {
    state.resets_in = std::chrono::ceil<milliseconds>(end_of(slots_.back().number) - now);
  }
  return state;
}

bool RateWindow::is_empty(SteadyTime now) const {
  return slots_.empty() || end_of(slots_.back().number) <= now;
}

std::int64_t rate_tokens_of(std::int64_t prompt_estimate,
                            std::optional<std::int64_t> output_cap,
                            std::optional<std::int64_t> model_output,
                            std::int64_t choices,
                            std::int64_t limit) {
  constexpr std::int64_t kShare = 4;
  const auto prompt = widen(std::max<std::int64_t>(prompt_estimate, 0));
  auto output = multiply(widen(output_cap.value_or(model_output.value_or(INT64_MAX))),
                         widen(std::max<std::int64_t>(choices, 1)));
  if (!output_cap) output = std::min(output, widen(limit / kShare));
  // More than any real call; so that an absurd cap can't overflow the sums.
  return narrow(std::min(add(prompt, output), widen(kMostCountedTokens)));
}

}  // namespace nufi::domain
