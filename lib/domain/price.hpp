#pragma once

#include "lib/domain/money.hpp"
#include "lib/domain/usage.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

/// Nano-USD per million tokens: 2.5 USD per million tokens is 2'500'000'000. Always >= 0.
using Rate = std::int64_t;

/// A group's multiplier in millionths: 1.5 is 1'500'000.
using Multiplier = std::int64_t;
inline constexpr Multiplier kMultiplierOne = 1'000'000;

/// A rate per bucket. A bucket without its own is billed as its kind: every prompt bucket as
/// `input`, every completion bucket as `output`.
struct Rates {
  std::array<std::optional<Rate>, kBucketCount> of{};

  [[nodiscard]] const std::optional<Rate>& own(Bucket bucket) const {
    return of[static_cast<std::size_t>(bucket)];
  }
  [[nodiscard]] std::optional<Rate>& own(Bucket bucket) {
    return of[static_cast<std::size_t>(bucket)];
  }
  /// The rate that applies to `bucket`, after the rule above; 0 if `input`/`output` are unset too.
  [[nodiscard]] Rate effective(Bucket bucket) const;
  /// The highest effective rate of the prompt buckets / of the completion buckets.
  [[nodiscard]] Rate dearest_prompt() const;
  [[nodiscard]] Rate dearest_completion() const;
};

/// OpenAI's `service_tier`: what the call asked for, or the reply says it got.
enum class ServiceTier : std::uint8_t { standard, flex, priority, batch };

/// Rates for prompts of more than `above_tokens` prompt tokens; all tokens of the call are then
/// billed at them (as providers do), not only those above.
/// A bucket it does not name costs as its kind, or the base rate raised by as much as its kind is
/// raised, whichever is dearer.
struct ContextTier {
  std::int64_t above_tokens = 0;
  Rates rates;
};

/// What a model costs at one provider since `date`.
struct Price {
  std::string id;        ///< "openai/gpt-4o@2026-08-01" (catalogue), "set/gpt-4o@…" (own setting)
  std::string provider;  ///< "openai", "anthropic", …; "" for own settings
  std::string model;
  std::string mode;  ///< "chat", "responses", "embedding"
  std::string date;  ///< YYYY-MM-DD
  bool free = false;
  Rates rates;
  std::vector<ContextTier> tiers;               ///< ascending above_tokens
  std::array<std::optional<Rates>, 4> service;  ///< by ServiceTier; [standard] unused
  Money per_request;                            ///< added to every call
  Money per_image;                              ///< added for every picture made
  Money per_second;                             ///< added for every second of audio
  Money per_character;                          ///< added for every character spoken
  std::optional<std::int64_t> context_window;   ///< tokens
  std::optional<std::int64_t> max_output;       ///< tokens
  std::optional<std::string> deprecates;        ///< YYYY-MM-DD

  /// The rates that apply to a prompt of `prompt_tokens` in `tier`. A service tier without rates of
  /// its own, or with only some, is filled up from the standard ones, raised (never lowered) by as
  /// much as the service tier raises their kind. Where a long prompt raises the standard rates, it
  /// raises those of the service tier in the same proportion.
  [[nodiscard]] Rates rates_for(std::int64_t prompt_tokens, ServiceTier tier) const;
  /// The most any prompt up to `prompt_tokens` can be billed per bucket in `tier`: the maximum over
  /// the tiers it can fall into.
  [[nodiscard]] Rates ceiling_rates(std::int64_t prompt_tokens, ServiceTier tier) const;
  /// The most output a call can make: max_output, else context_window, else std::nullopt.
  [[nodiscard]] std::optional<std::int64_t> output_bound() const;
  /// Takes over from `other` (the same model) the mode and the limits that this one does not know.
  void fill_limits_from(const Price& other);
};

/// What `usage` costs at `price`: (Σ tokens × rate + per_request + images × per_image + seconds ×
/// per_second + characters × per_character) × multiplier; in 128 bits, rounded once, up to the next
/// nano-USD. 0 for a free price. Throws Error{internal} if it exceeds Money.
Money cost_of(const Usage& usage, const Price& price, ServiceTier tier, Multiplier multiplier);

/// ceil(tokens × rate × multiplier / 1e12): the one rounding rule, for a single rate. tokens >= 0.
/// Saturates at Money::max() (a bound that large refuses the call anyway).
Money cost_of_tokens(std::int64_t tokens, Rate rate, Multiplier multiplier);

/// Reads a price in USD per million tokens ("2.5") as a Rate. std::nullopt if it is not an amount.
std::optional<Rate> parse_rate(std::string_view usd_per_million);
/// The decimal behind parse_rate: "2.5".
std::string format_rate(Rate rate);

}  // namespace nufi::domain
