#pragma once

#include "lib/domain/call.hpp"
#include "lib/domain/money.hpp"
#include "lib/domain/price.hpp"

#include <cstdint>
#include <optional>

namespace nufi::domain {

/// The least output that is still of use: a clamp never goes below it (PRODUCT §5).
inline constexpr std::int64_t kLeastUsefulOutput = 256;

/// An ask in a metric without a limit is only counted. It is cut here (more than any real call), so
/// that a client's absurd cap on output can't overflow the sum of the holds.
inline constexpr std::int64_t kMostCountedTokens = std::int64_t{1} << 40;
inline constexpr Money kMostCountedMoney = Money::nanos(100'000'000'000'000);

/// The most a call can use, as a function of how much output it is allowed.
struct Ceiling {
  std::int64_t prompt_tokens = 0;  ///< bound of all that does not depend on the output
  Money prompt_cost;               ///< bound of its cost, with the request, images, audio, text
  Rate output_rate = 0;            ///< dearest output rate, multiplier NOT included
  Multiplier multiplier = kMultiplierOne;
  std::int64_t choices = 1;
  /// Output tokens per choice: the client's cap, else the model's maximum, else std::nullopt (not
  /// known: must be clamped under any limit).
  std::optional<std::int64_t> output_tokens;
  bool may_clamp = false;  ///< the client set no cap

  /// Tokens and money of the whole call with `output` tokens per choice. Saturate at the maximum.
  [[nodiscard]] std::int64_t tokens_with(std::int64_t output) const;
  [[nodiscard]] Money cost_with(std::int64_t output) const;
};

/// The ceiling of `call` at `price` (null = no price: money 0) and `multiplier`. Takes the dearer
/// of the call's service tier and the standard one, because a provider may serve it at either. A
/// prompt is never billed more than the price's context window, once per prompt of the call; one
/// that is not in the body is bounded by that alone (the longest window of the built-in catalogue
/// when the price has none). Calls that make no output have an output of 0.
Ceiling ceiling_of(const Call& call, const Price* price, Multiplier multiplier);

/// The higher of two in every respect: one hold must cover whichever candidate serves the call.
Ceiling dearest(const Ceiling& a, const Ceiling& b);

/// What to take out of the windows, once it is known how much room they have.
struct Ask {
  std::int64_t tokens = 0;
  Money money;
  /// Set when the output was clamped: the cap per choice to write into the request.
  std::optional<std::int64_t> clamped_output;
};

/// The ask of a call whose smallest USD window has `usd_left` and whose smallest token window has
/// `tokens_left` (std::nullopt = no such limit). A call with a cap asks for all of it. One without
/// asks for at most a quarter of each, but never for less than kLeastUsefulOutput (or the model's
/// maximum if that is smaller); if its whole maximum fits the quarter it is not clamped.
/// A metric in which output costs nothing does not clamp it. When nothing bounds the output, the
/// ask counts kLeastUsefulOutput of it. Does not say that the ask fits.
Ask ask_for(const Ceiling& ceiling,
            std::optional<Money> usd_left,
            std::optional<std::int64_t> tokens_left);

}  // namespace nufi::domain
