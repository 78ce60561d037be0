#pragma once

#include "lib/domain/call.hpp"
#include "lib/gateway/choose.hpp"
#include "lib/gateway/limiter.hpp"
#include "lib/gateway/respond.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nufi::gateway {

/// What `call` counts against the tokens per minute of `limits` when it is let in.
std::int64_t rate_tokens_of(const domain::Call& call,
                            std::int64_t prompt_estimate,
                            const std::vector<Priced>& candidates,
                            const domain::RateLimits& limits);

/// 429 for a rate limit of the caller's key or group, with rate_fields(). A call that fits later
/// gets Retry-After and retry-after-ms, after which it is let in; one that asks for more than the
/// limit is told not to try again.
No refuse_rate(const Caller& caller,
               const domain::RateRefusal& refusal,
               const Limiter& limiter,
               Timestamp now);

/// "rpm", "tpm" or "parallel": the reason in the error's nufi object.
std::string_view rate_reason(domain::RateMetric metric);
/// "key" or "group": whose limit it is.
std::string_view rate_owner(const domain::RateLimit& limit);

/// `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` of a key that has such limits, as OpenAI
/// has them: `reset` is the time until nothing is used any more.
std::vector<std::pair<std::string, std::string>> rate_fields(const Caller& caller,
                                                             const Limiter& limiter);
std::vector<std::pair<std::string, std::string>> rate_fields(const domain::RateLimits& limits,
                                                             const Limiter::Standing& standing);

/// A span as Go and OpenAI's headers write it: "250ms", "1.5s", "1m0.25s".
std::string duration_text(std::chrono::milliseconds span);

}  // namespace nufi::gateway
