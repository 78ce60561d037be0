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

/// What a call is taken to have used where its reply does not say.
struct Asked {
  openai::Form form = openai::Form::chat;
  std::int64_t prompt_estimate = 0;  ///< estimated_prompt() of the body
  std::int64_t images = 0;           ///< pictures asked for
  std::int64_t picture_tokens = 0;   ///< the most one of them takes
  std::int64_t characters = 0;       ///< to be spoken
  std::int64_t audio_ms = 0;         ///< of the sound to be written down, an estimate
  std::int64_t audio_ms_bound = 0;   ///< and the most it can be
};

/// Fills usage, cost, upstream_cost, reported cost, basis and price_id of `settlement`.
///   served     the usage the reply reports, with an estimate of the half it leaves out, or of the
///              output that came behind it when that is more; without one an estimate of at most
///              the hold, or, where the price knows no tokens, the pictures made or characters
///              asked for; one that can't be (text, negative, absurd) is charged as the hold, with
///              error_code "usage_invalid"
///   cut_short  the usage if it was reported already, else an estimate of what has passed
///   unseen     the hold
/// Transcripts: see transcript_usage().
/// A cost that is out of range (an absurd price), or more than domain::kMostCountedMoney and the
/// hold, is charged as the hold, with error_code "cost_out_of_range". `meter` may be null when no
/// reply was read. Throws nothing.
void charge(Ending ending,
            const Meter* meter,
            const Pricing& pricing,
            const domain::Ask& ask,
            const Asked& asked,
            ledger::Settlement& settlement);

/// True if some tokens cost something at `price`.
bool bills_tokens(const domain::Price& price);

/// What the part of a reply that has passed so far has used: as reported, else estimated.
domain::Usage used_so_far(const Meter& meter, const domain::Ask& ask, const Asked& asked);

/// What that costs: 0 without a price, Money::max() if it is out of range.
domain::Money cost_so_far(const domain::Usage& usage, const Pricing& pricing);

}  // namespace nufi::gateway
