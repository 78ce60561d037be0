#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/ids.hpp"
#include "lib/domain/rate.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <variant>

namespace nufi::gateway {

/// Calls and tokens per minute, and calls at once, of every key that has such a limit. It lives in
/// memory only and starts empty; money and token budgets are the ledger's. Thread-safe; never
/// blocks.
class Limiter {
 public:
  explicit Limiter(const Clock& clock) : clock_(clock) {}

  /// A call that was let in. Its place among the calls at once is free again when it is settled,
  /// cancelled or destroyed. Not thread-safe; the limiter must outlive it.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept { *this = std::move(other); }
    Pass& operator=(Pass&& other) noexcept;
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() { leave(); }

    /// The call is over and used so many tokens. Before its last byte goes out: whoever has the
    /// whole answer may call again at once.
    void settle(std::int64_t tokens);
    /// The call was not sent after all: it counts nowhere.
    void cancel();

   private:
    friend class Limiter;
    void count(std::int64_t requests, std::int64_t tokens);
    void leave();

    Limiter* limiter_ = nullptr;  ///< null: nothing to give back
    domain::KeyId key_;
    SteadyTime entered_;
    std::int64_t tokens_ = 0;
  };

  /// Lets a call in, or says which limit it would break; then nothing is taken. `tokens`: what it
  /// counts until it is settled (domain::rate_tokens_of). A key without limits costs nothing.
  std::variant<Pass, domain::RateRefusal> enter(const domain::KeyId& key,
                                                const domain::RateLimits& limits,
                                                std::int64_t tokens);

  /// What enter() would refuse now; nothing is taken.
  [[nodiscard]] std::optional<domain::RateRefusal> preview(const domain::KeyId& key,
                                                           const domain::RateLimits& limits,
                                                           std::int64_t tokens) const;

  /// What the last minute of a key holds.
  struct Standing {
    domain::RateState requests;
    domain::RateState tokens;
    std::int64_t in_flight = 0;
  };
  [[nodiscard]] Standing standing(const domain::KeyId& key) const;

 private:
  struct KeyRates {
    domain::RateWindow requests;
    domain::RateWindow tokens;
    std::int64_t in_flight = 0;
    [[nodiscard]] bool is_idle(SteadyTime now) const;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<domain::KeyId, KeyRates> keys;
    std::size_t sweep_at = 64;  ///< when it holds so many, the idle ones are thrown out
  };

  Shard& shard_of(const domain::KeyId& key) const;
  static std::optional<domain::RateRefusal> refusal(KeyRates& rates,
                                                    const domain::RateLimits& limits,
                                                    std::int64_t tokens,
                                                    SteadyTime now);
  static void sweep(Shard& shard, SteadyTime now);

  const Clock& clock_;
  mutable std::array<Shard, 16> shards_;
};

}  // namespace nufi::gateway
