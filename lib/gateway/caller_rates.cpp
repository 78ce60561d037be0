#include "lib/gateway/caller_rates.hpp"

#include "lib/gateway/rate_reply.hpp"

#include <utility>

namespace nufi::gateway {

void RatePass::settle(std::int64_t tokens) {
  own_.settle(tokens);
  parent_.settle(tokens);
}

void RatePass::cancel() {
  own_.cancel();
  parent_.cancel();
}

std::variant<RatePass, domain::RateRefusal> enter_rates(Limiter& limiter,
                                                        const Caller& caller,
                                                        const domain::Call& call,
                                                        std::int64_t prompt_estimate,
                                                        const std::vector<Priced>& candidates) {
  const auto enter = [&](const domain::Key& key, const domain::RateLimits& limits) {
    const auto tokens =
        call.is_charged ? rate_tokens_of(call, prompt_estimate, candidates, limits) : 0;
    return limiter.enter(key.id, limits, tokens);
  };
  auto own = enter(*caller.key, domain::rate_limits(*caller.key, *caller.group));
  if (auto* refusal = std::get_if<domain::RateRefusal>(&own)) return *refusal;
  auto& pass = std::get<Limiter::Pass>(own);
  if (!caller.parent) return RatePass(std::move(pass), {});
  auto above = enter(*caller.parent, domain::parent_rate_limits(*caller.parent));
  if (auto* refusal = std::get_if<domain::RateRefusal>(&above)) {
    pass.cancel();
    return *refusal;
  }
  return RatePass(std::move(pass), std::move(std::get<Limiter::Pass>(above)));
}

std::optional<domain::RateRefusal> preview_rates(const Limiter& limiter,
                                                 const Caller& caller,
                                                 const domain::Call& call,
                                                 std::int64_t prompt_estimate,
                                                 const std::vector<Priced>& candidates) {
  const auto preview = [&](const domain::Key& key, const domain::RateLimits& limits) {
    const auto tokens = rate_tokens_of(call, prompt_estimate, candidates, limits);
    return limiter.preview(key.id, limits, tokens);
  };
  auto refusal = preview(*caller.key, domain::rate_limits(*caller.key, *caller.group));
  if (refusal || !caller.parent) return refusal;
  return preview(*caller.parent, domain::parent_rate_limits(*caller.parent));
}

}  // namespace nufi::gateway
