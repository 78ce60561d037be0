#pragma once

#include "lib/domain/money.hpp"
#include "lib/domain/price.hpp"
#include "lib/domain/usage.hpp"
#include "lib/openai/request.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace nufi::openai {

/// What a reply says it used.
struct ReportedUsage {
  domain::Usage usage;                ///< disjoint buckets
  std::optional<domain::Money> cost;  ///< the upstream's own `cost` in USD, rounded up
  /// The service tier it was served at, where the usage says so (Anthropic's does).
  std::optional<domain::ServiceTier> tier;
  /// It does not say how much of the tokens is prompt / output; `usage` has 0 there. Both: only the
  /// total is known, and stands as output.
  bool prompt_missing = false;
  bool completion_missing = false;
  bool counts_seconds = false;  ///< it says how long the sound was that was written down
};

enum class UsageKind : std::uint8_t {
  missing,     ///< null, or an object without any count: nothing is said
  reported,    ///< counts, which may all be 0
  impossible,  ///< negative, fractional, text, more than 10^9 tokens: the caller charges the hold
};

struct UsageReading {
  UsageKind kind = UsageKind::missing;
  ReportedUsage reported;
};

/// Reads a `usage` object of a reply to a request of `form`, as chat completions (prompt_tokens …)
/// and responses (input_tokens …) have it.
///
/// What the details do not name is text, but for pictures and speech, whose output is made of
/// images and audio. Where nothing is made, the total is all input. Buckets: cached, cache-written,
/// audio and image tokens are taken out of the prompt, reasoning, audio and image tokens out of the
/// completion. Some providers count reasoning beside the completion (total = prompt + completion +
/// reasoning): what total has beyond the two is reasoning then. Tokens of a cache that are counted
/// on the usage itself (`cache_read_input_tokens`, `cache_creation_input_tokens`) may be part of
/// the prompt or beside it: beside it when they are more, or when only so the total is right.
UsageReading read_usage(std::string_view json, Form form = Form::chat);

}  // namespace nufi::openai
