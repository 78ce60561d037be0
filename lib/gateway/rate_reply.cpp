#include "lib/gateway/rate_reply.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/json_walk.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace nufi::gateway {
namespace {

using domain::RateMetric;
using std::chrono::milliseconds;

struct Words {
  std::string_view type;    ///< of the error
  std::string_view reason;  ///< in its nufi object
  std::string_view unit;    ///< "requests": in names of fields
  std::string_view per;     ///< for people
};

Words words_of(RateMetric metric) {
  switch (metric) {
    case RateMetric::requests:
      return {"requests", "rpm", "requests", "requests per minute"};
    case RateMetric::tokens:
      return {"tokens", "tpm", "tokens", "tokens per minute"};
    case RateMetric::parallel:
      break;
  }
  return {"requests", "parallel", "requests", "requests at once"};
}

std::string limit_json(const domain::RateRefusal& refusal, const Words& words, Timestamp now) {
  return fmt::format(
      R"({{"reason":"{}","limit":"{}","limit_{}":{},"used_{}":{},"resets_at":{}}})",
      words.reason,
      rate_owner(refusal.limit),
      words.unit,
      refusal.limit.limit,
      words.unit,
      refusal.used,
      refusal.wait ? openai::quote_json(format_rfc3339(now + *refusal.wait)) : "null");
}

}  // namespace

std::string_view rate_reason(RateMetric metric) {
  return words_of(metric).reason;
}

std::string_view rate_owner(const domain::RateLimit& limit) {
  return limit.of_group ? "group" : "key";
}

std::string duration_text(milliseconds span) {
  const auto ms = std::max<milliseconds::rep>(0, span.count());
  if (ms > 0 && ms < 1000) return fmt::format("{}ms", ms);
  const auto seconds = fmt::format("{:g}s", static_cast<double>(ms % 60'000) / 1000);
  return ms < 60'000 ? seconds : fmt::format("{}m{}", ms / 60'000, seconds);
}

std::int64_t rate_tokens_of(const domain::Call& call,
                            std::int64_t prompt_estimate,
                            const std::vector<Priced>& candidates,
                            const domain::RateLimits& limits) {
  if (!limits.tokens) return 0;
  std::optional<std::int64_t> most = 0;
  for (const auto& each : candidates) {
    const auto bound = domain::ceiling_of(call, each.pricing.price, each.pricing.multiplier);
    if (!bound.output_tokens) most.reset();
    if (most) most = std::max(*most, *bound.output_tokens);
  }
  return domain::rate_tokens_of(
      prompt_estimate, call.output_cap, most, call.choices, limits.tokens->limit);
}

No refuse_rate(const Caller& caller,
               const domain::RateRefusal& refusal,
               const Limiter& limiter,
               Timestamp now) {
  const auto words = words_of(refusal.metric);
  const bool of_parent = refusal.limit.of_parent && caller.parent;
  const auto key = "key '" + (of_parent ? caller.parent->name : caller.key->name) + "'";
  const auto group = "group '" + caller.group->name + "'";
  No no;
  no.headers = rate_fields(caller, limiter);
  no.error.status = 429;
  no.error.type = words.type;
  no.error.code = "rate_limit_exceeded";
  no.error.limit_json = limit_json(refusal, words, now);
  if (!refusal.wait) {
    no.error.message = fmt::format(
        "Request too large: {} allows {} {}, and this call asks for {}. Lower its limit on output "
        "or shorten the prompt.",
        refusal.limit.of_group ? group : key,
        refusal.limit.limit,
        words.per,
        refusal.ask);
    no.headers.emplace_back("x-should-retry", "false");
    no.headers.emplace_back("retry-after-ms", "0");
    return no;
  }
  // Each key of a group has the group's limit for itself: the key is what used it up.
  no.error.message =
      fmt::format("Rate limit reached: {} has used {} of {} {} {}{}. Try again in {}.",
                  key,
                  refusal.used,
                  refusal.limit.of_group ? "the" : "its",
                  refusal.limit.limit,
                  words.per,
                  refusal.limit.of_group ? " that " + group + " allows each key" : "",
                  duration_text(*refusal.wait));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*refusal.wait);
  no.headers.emplace_back("x-should-retry", "true");
  no.headers.emplace_back("Retry-After", std::to_string(seconds.count()));
  no.headers.emplace_back("retry-after-ms", std::to_string(refusal.wait->count()));
  return no;
}

std::vector<std::pair<std::string, std::string>> rate_fields(const Caller& caller,
                                                             const Limiter& limiter) {
  const auto limits = domain::rate_limits(*caller.key, *caller.group);
  if (!limits.requests && !limits.tokens) return {};
  return rate_fields(limits, limiter.standing(caller.key->id));
}

std::vector<std::pair<std::string, std::string>> rate_fields(const domain::RateLimits& limits,
                                                             const Limiter::Standing& standing) {
  std::vector<std::pair<std::string, std::string>> fields;
  const auto add = [&](std::string_view unit,
                       const std::optional<domain::RateLimit>& limit,
                       const domain::RateState& state) {
    if (!limit) return;
    const auto left = std::max<std::int64_t>(0, limit->limit - state.used);
    fields.emplace_back(fmt::format("x-ratelimit-limit-{}", unit), std::to_string(limit->limit));
    fields.emplace_back(fmt::format("x-ratelimit-remaining-{}", unit), std::to_string(left));
    fields.emplace_back(fmt::format("x-ratelimit-reset-{}", unit), duration_text(state.resets_in));
  };
  add("requests", limits.requests, standing.requests);
  add("tokens", limits.tokens, standing.tokens);
  return fields;
}

}  // namespace nufi::gateway
