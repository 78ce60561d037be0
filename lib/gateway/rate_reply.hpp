#pragma once

#include "lib/gateway/limiter.hpp"
#include "lib/gateway/respond.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nufi::gateway {

/// 429 for a rate limit. A call that fits later gets Retry-After and retry-after-ms, after which it
/// is let in; one that asks for more than the limit is told not to try again. `subject` names the
/// key or group whose limit it is: "key 'laptop'".
No refuse_rate(const domain::RateRefusal& refusal, std::string_view subject, Timestamp now);

/// `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` of a key that has such limits, as OpenAI
/// has them: `reset` is the time until nothing is used any more.
std::vector<std::pair<std::string, std::string>> rate_fields(const domain::RateLimits& limits,
                                                             const Limiter::Standing& standing);

/// A span as Go and OpenAI's headers write it: "250ms", "1.5s", "1m0.25s".
std::string duration_text(std::chrono::milliseconds span);

}  // namespace nufi::gateway
