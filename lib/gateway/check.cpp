#include "lib/gateway/check.hpp"

#include "lib/domain/access.hpp"
#include "lib/gateway/admit.hpp"
#include "lib/gateway/caller_rates.hpp"
#include "lib/gateway/choose.hpp"
#include "lib/gateway/rate_reply.hpp"

#include <algorithm>
#include <utility>

namespace nufi::gateway {
namespace {

domain::CheckView refused(No no) {
  domain::CheckView view;
  view.reason = std::move(no.error.code);
  view.message = std::move(no.error.message);
  return view;
}

std::optional<domain::CheckView> refused_by_rates(const Gateway& gateway,
                                                  const Caller& caller,
                                                  const domain::Call& call,
                                                  const std::vector<Priced>& candidates) {
  const auto refusal =
      preview_rates(gateway.limiter(), caller, call, call.prompt_bound, candidates);
  if (!refusal) return {};
  const auto now = gateway.clock().now();
  auto view = refused(refuse_rate(caller, *refusal, gateway.limiter(), now));
  view.reason = rate_reason(refusal->metric);
  view.rate_owner = rate_owner(refusal->limit);
  if (refusal->wait) view.rate_resets_at = now + *refusal->wait;
  return view;
}

/// The longest context window of `candidates` if a prompt of `tokens` is longer than each of them.
std::optional<std::int64_t> window_below(std::int64_t tokens,
                                         const std::vector<Priced>& candidates) {
  std::int64_t longest = 0;
  for (const Priced& each : candidates) {
    const auto* price = each.pricing.price;
    if (price == nullptr || !price->context_window) return {};
    longest = std::max(longest, *price->context_window);
  }
  return tokens > longest ? std::optional(longest) : std::nullopt;
}

}  // namespace

domain::CheckView check(const Gateway& gateway, const domain::Key& key, const domain::Call& call) {
  const auto now = gateway.even_clock().now();
  const auto known = gateway.directory().find_key(key.digest);
  if (!known) return refused(refuse_key(domain::Denial::bad_key));
  if (const auto denial = domain::deny_state(*known, now)) return refused(refuse_key(*denial));
  auto found = caller_of(known, gateway.directory(), now, /*client_ip=*/{});
  if (auto* no = std::get_if<No>(&found)) return refused(std::move(*no));
  const auto* caller = &std::get<Caller>(found);

  auto chosen = choose_upstreams(*caller, call, /*random=*/0, gateway.clock().steady());
  if (auto* no = std::get_if<No>(&chosen)) return refused(std::move(*no));
  const auto& candidates = std::get<std::vector<Priced>>(chosen);
  const auto request = hold_request(*caller, call, candidates);
  const auto preview = gateway.ledger().preview(request);
  domain::CheckView view;
  if (gateway.settings().draining) {
    view = refused(refuse_draining());
  } else if (!preview.problem.empty()) {
    view = refused(refuse_unwritable(preview.problem));
  } else if (preview.refusal) {
    view = refused(refuse_hold(*caller, *preview.refusal, now.wall, /*budget_status=*/429));
    const bool usd = preview.refusal->window.metric == domain::Metric::usd;
    view.reason = usd ? "budget" : "token_limit";
    view.refusal = preview.refusal;
  } else if (auto by_rates = refused_by_rates(gateway, *caller, call, candidates)) {
    view = std::move(*by_rates);
  } else {
    view.allowed = true;
  }
  view.context_window = window_below(call.prompt_bound, candidates);
  view.ask_usd = preview.ask.money;
  view.ask_tokens = preview.ask.tokens;
  return view;
}

}  // namespace nufi::gateway
