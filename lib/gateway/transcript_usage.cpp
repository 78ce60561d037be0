#include "lib/gateway/transcript_usage.hpp"

#include <algorithm>

namespace nufi::gateway {
namespace {

using domain::Bucket;

/// OpenAI's prices make a second of sound 16.7 tokens.
constexpr std::int64_t kTokensPerMinute = 1'000;

struct Sound {
  std::int64_t ms = 0;
  bool is_said = false;
};

Sound sound_of(const Meter* meter, const Asked& asked) {
  const auto guess = std::min(asked.audio_ms, asked.audio_ms_bound);
  if (meter == nullptr) return {guess, false};
  if (meter->usage_kind() == Meter::UsageKind::reported && meter->usage().counts_seconds) {
    return {meter->usage().usage.audio_ms, true};
  }
  const auto* transcript = meter->transcript();
  if (transcript == nullptr) return {guess, false};
  if (const auto said = transcript->said_ms()) return {*said, true};
  if (const auto last = transcript->last_caption_ms()) return {*last, false};
  return {guess, false};
}

}  // namespace

TranscriptUsage transcript_usage(const Meter* meter, const Pricing& pricing, const Asked& asked) {
  const bool is_reported = meter != nullptr && meter->usage_kind() == Meter::UsageKind::reported;
  const bool has_tokens =
      is_reported && !(meter->usage().prompt_missing && meter->usage().completion_missing);
  const auto* price = pricing.price;
  const bool bills_seconds = price != nullptr && price->per_second > domain::Money::zero();
  const bool bills_text = price != nullptr && bills_tokens(*price);
  const auto sound = sound_of(meter, asked);

  TranscriptUsage used;
  if (is_reported) used.usage = meter->usage().usage;
  if (has_tokens && (bills_text || !bills_seconds)) {
    used.is_exact = !meter->usage().prompt_missing && !meter->usage().completion_missing;
    return used;
  }
  used.usage.audio_ms = sound.ms;
  used.is_exact = sound.is_said;
  if (bills_seconds || !bills_text) return used;
  // The price knows tokens only, and the reply at most seconds.
  used.is_exact = false;
  used.usage[Bucket::audio_input] = (sound.ms * kTokensPerMinute + 59'999) / 60'000;
  used.usage[Bucket::output] = meter != nullptr ? meter->estimated_output() : 0;
  return used;
}

}  // namespace nufi::gateway
