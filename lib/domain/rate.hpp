#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/account.hpp"
#include "lib/domain/key.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace nufi::domain {

enum class RateMetric : std::uint8_t { requests, tokens, parallel };

/// What of it a key may do: the smaller of its own limit and its group's, and whose that is.
struct RateLimit {
  std::int64_t limit = 0;
  bool of_group = false;
  bool of_parent = false;  ///< of the parent key, which counts the calls of all its children
};
struct RateLimits {
  std::optional<RateLimit> requests;  ///< calls a minute
  std::optional<RateLimit> tokens;    ///< tokens a minute
  std::optional<RateLimit> parallel;  ///< calls at once

  [[nodiscard]] bool any() const { return requests || tokens || parallel; }
};
RateLimits rate_limits(const Key& key, const Group& group);
/// What `parent` may do together with its children. Its group's limits are per key: each child has
/// them for itself.
RateLimits parent_rate_limits(const Key& parent);

/// What a rate limit stands at.
struct RateState {
  std::int64_t used = 0;
  std::chrono::milliseconds resets_in{0};  ///< until nothing is used any more
};

/// Why a rate limit says no.
struct RateRefusal {
  RateMetric metric = RateMetric::requests;
  RateLimit limit;
  std::int64_t used = 0;
  std::int64_t ask = 1;
  /// After so long the same call fits. std::nullopt: never (it asks for more than the limit).
  std::optional<std::chrono::milliseconds> wait;
};

/// What was used in the last minute, so that no minute, wherever it begins, holds more than the
/// limit (a window that starts anew each minute lets twice the limit pass around its edge; so does
/// a bucket that fills up while it is emptied).
///
/// Time is cut into slots. An amount counts from the moment it was taken until the last moment of
/// its slot is kSpan ago: at most a slot too long, never too short. The span is a hair short of a
/// minute because OpenAI's clients ignore a wait of 60 seconds or more. A value; not thread-safe.
/// Times never go back.
class RateWindow {
 public:
  static constexpr std::chrono::milliseconds kSpan{59'970};
  static constexpr std::chrono::milliseconds kSlot{20};

  /// How long until `ask` more fits `limit`: 0 = now; std::nullopt = never. Whoever comes back then
  /// is let in, unless another took the room first; nothing is kept for those who wait, or a caller
  /// that does not obey would make the others' waits grow.
  std::optional<std::chrono::milliseconds> wait_for(std::int64_t ask,
                                                    std::int64_t limit,
                                                    SteadyTime now);

  void take(std::int64_t amount, SteadyTime now);
  /// What was taken at `then` turned out to be `amount` more (or less). Nothing once it is over.
  void correct(std::int64_t amount, SteadyTime then, SteadyTime now);

  [[nodiscard]] RateState state(SteadyTime now);
  [[nodiscard]] bool is_empty(SteadyTime now) const;

 private:
  struct Slot {
    std::int64_t number = 0;
    std::int64_t amount = 0;
  };

  void forget_old(SteadyTime now);

  std::deque<Slot> slots_;  ///< ascending
  std::int64_t used_ = 0;
};

/// What a call counts against a tokens-per-minute limit before its usage is known: its prompt as
/// estimated (not its bound: a rate is no ceiling of money) and its cap on output; without a cap as
/// much as the model can make, but at most a quarter of the limit.
std::int64_t rate_tokens_of(std::int64_t prompt_estimate,
                            std::optional<std::int64_t> output_cap,
                            std::optional<std::int64_t> model_output,
                            std::int64_t choices,
                            std::int64_t limit);

}  // namespace nufi::domain
