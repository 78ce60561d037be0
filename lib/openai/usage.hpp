#pragma once

#include "lib/domain/money.hpp"
#include "lib/domain/usage.hpp"

#include <optional>
#include <string_view>

namespace nufi::openai {

/// What a reply says it used.
struct ReportedUsage {
  domain::Usage usage;                ///< disjoint buckets
  std::optional<domain::Money> cost;  ///< the upstream's own `cost` in USD, rounded up
};

/// Reads a `usage` object, as chat completions (prompt_tokens …) and responses (input_tokens …)
/// have it. std::nullopt if it can't be: no counts at all, negative, fractional, text, or more than
/// 10^9 tokens; the caller then charges the hold.
///
/// Buckets: cached, cache-written, audio and image tokens are taken out of the prompt, reasoning,
/// audio and image tokens out of the completion. Some providers count reasoning beside the
/// completion (total = prompt + completion + reasoning): what total has beyond the two is reasoning
/// then.
std::optional<ReportedUsage> read_usage(std::string_view json);

}  // namespace nufi::openai
