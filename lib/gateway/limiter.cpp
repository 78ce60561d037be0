#include "lib/gateway/limiter.hpp"

#include <algorithm>

namespace nufi::gateway {
namespace {

using domain::RateMetric;
using domain::RateRefusal;
using std::chrono::milliseconds;

/// Nobody knows when a call in flight ends; this is when it is worth asking again.
constexpr milliseconds kParallelWait{1000};

}  // namespace

Limiter::Pass& Limiter::Pass::operator=(Pass&& other) noexcept {
  if (this == &other) return *this;
  leave();
  limiter_ = std::exchange(other.limiter_, nullptr);
  key_ = std::move(other.key_);
  entered_ = other.entered_;
  tokens_ = other.tokens_;
  return *this;
}

void Limiter::Pass::count(std::int64_t requests, std::int64_t tokens) {
  if (limiter_ == nullptr) return;
  auto& shard = limiter_->shard_of(key_);
  const auto now = limiter_->clock_.steady();
  const std::lock_guard lock(shard.mutex);
  auto& rates = shard.keys[key_];
  rates.requests.correct(requests, entered_, now);
  rates.tokens.correct(tokens, entered_, now);
}

void Limiter::Pass::settle(std::int64_t tokens) {
  count(0, tokens - tokens_);
  leave();
}

void Limiter::Pass::cancel() {
  count(-1, -tokens_);
  leave();
}

void Limiter::Pass::leave() {
  if (limiter_ == nullptr) return;
  auto& shard = limiter_->shard_of(key_);
  limiter_ = nullptr;
  const std::lock_guard lock(shard.mutex);
  shard.keys[key_].in_flight -= 1;
}

bool Limiter::KeyRates::is_idle(SteadyTime now) const {
  return in_flight == 0 && requests.is_empty(now) && tokens.is_empty(now);
}

Limiter::Shard& Limiter::shard_of(const domain::KeyId& key) const {
  return shards_[std::hash<domain::KeyId>{}(key) % shards_.size()];
}

void Limiter::sweep(Shard& shard, SteadyTime now) {
  if (shard.keys.size() < shard.sweep_at) return;
  std::erase_if(shard.keys, [&](const auto& entry) { return entry.second.is_idle(now); });
  shard.sweep_at = std::max<std::size_t>(64, shard.keys.size() * 2);
}

std::optional<RateRefusal> Limiter::refusal(KeyRates& rates,
                                            const domain::RateLimits& limits,
                                            std::int64_t tokens,
                                            SteadyTime now) {
  std::optional<RateRefusal> longest;
  const auto check = [&](RateMetric metric,
                         const std::optional<domain::RateLimit>& limit,
                         domain::RateWindow& window,
                         std::int64_t ask) {
    if (!limit) return;
    const auto wait = window.wait_for(ask, limit->limit, now);
    if (wait == milliseconds{0}) return;
    // The one that takes longest is the one to tell of; never is longest of all.
    if (longest && (!longest->wait || (wait && *wait <= *longest->wait))) return;
    longest = RateRefusal{metric, *limit, window.state(now).used, ask, wait};
  };
  check(RateMetric::requests, limits.requests, rates.requests, 1);
  check(RateMetric::tokens, limits.tokens, rates.tokens, tokens);
  if (!longest && limits.parallel && rates.in_flight >= limits.parallel->limit) {
    return RateRefusal{RateMetric::parallel, *limits.parallel, rates.in_flight, 1, kParallelWait};
  }
  return longest;
}

std::variant<Limiter::Pass, RateRefusal> Limiter::enter(const domain::KeyId& key,
                                                        const domain::RateLimits& limits,
                                                        std::int64_t tokens) {
  Pass pass;
  if (!limits.any()) return pass;
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto now = clock_.steady();
  sweep(shard, now);
  auto& rates = shard.keys[key];
  if (auto no = refusal(rates, limits, tokens, now)) return *no;
  rates.requests.take(1, now);
  rates.tokens.take(tokens, now);
  rates.in_flight += 1;
  pass.limiter_ = this;
  pass.key_ = key;
  pass.entered_ = now;
  pass.tokens_ = tokens;
  return pass;
}

std::optional<RateRefusal> Limiter::preview(const domain::KeyId& key,
                                            const domain::RateLimits& limits,
                                            std::int64_t tokens) const {
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.keys.find(key);
  KeyRates unused;
  return refusal(
      found == shard.keys.end() ? unused : found->second, limits, tokens, clock_.steady());
}

Limiter::Standing Limiter::standing(const domain::KeyId& key) const {
  auto& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.keys.find(key);
  if (found == shard.keys.end()) return {};
  const auto now = clock_.steady();
  return {
      found->second.requests.state(now), found->second.tokens.state(now), found->second.in_flight};
}

}  // namespace nufi::gateway
