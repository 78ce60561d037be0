#pragma once

#include "lib/domain/estimate.hpp"
#include "lib/domain/price.hpp"
#include "lib/gateway/meter.hpp"
#include "lib/ledger/ledger.hpp"

#include <cstdint>
#include <optional>

namespace nufi::gateway {

/// How a call's price is known.
struct Pricing {
  const domain::Price* price = nullptr;  ///< null: unknown (or free)
  bool free = false;
  domain::ServiceTier tier = domain::ServiceTier::standard;
  domain::Multiplier multiplier = domain::kMultiplierOne;
};

/// How a call ended, as far as its cost goes (PRODUCT §6).
enum class Ending {
  served,     ///< the whole reply came
  cut_short,  ///< the client left, the key was cut, or the stream broke after some of it came
  unseen,     ///< a plain call was given up after it was sent: it may be billed in full
  failed,     ///< refused, failed or never sent: costs nothing
};

/// Fills usage, cost, upstream_cost, reported cost, basis and price_id of `settlement`.
///   served     the usage the reply reports; without one an estimate of at most the hold; one that
///              can't be (text, negative, absurd) is charged as the hold, with error_code
///              "usage_invalid"
///   cut_short  the usage if it was reported already, else an estimate of what has passed
///   unseen     the hold
/// `meter` may be null when no reply was read. `prompt_estimate`: estimated_prompt() of the body.
void charge(Ending ending,
            const Meter* meter,
            const Pricing& pricing,
            const domain::Ask& ask,
            std::int64_t prompt_estimate,
            ledger::Settlement& settlement);

}  // namespace nufi::gateway
