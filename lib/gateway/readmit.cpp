#include "lib/gateway/readmit.hpp"

#include "lib/domain/access.hpp"
#include "lib/gateway/admit.hpp"
#include "lib/gateway/choose.hpp"

namespace nufi::gateway {
namespace {

/// The first limit above `caller` that is exceeded with what is held now.
std::optional<domain::WindowRefusal> exceeded(const ledger::Ledger& ledger,
                                              const ledger::HoldRequest& request,
                                              const domain::Ask& ask) {
  for (const auto& [window, limit, soft] : request.constraints) {
    if (!limit || soft) continue;
    const auto wanted = window.metric == domain::Metric::usd ? ask.money.nanos() : ask.tokens;
    const auto state = ledger.window(window);
    if (wanted > 0 && !state.fits(0, *limit)) {
      return domain::WindowRefusal{window, state, *limit, wanted};
    }
  }
  return {};
}

}  // namespace

std::optional<No> refused_since(const Gateway& gateway,
                                const Caller& caller,
                                const domain::Call& call,
                                const domain::Ask& ask,
                                int budget_status) {
  auto key = gateway.directory().find_key(caller.key->digest);
  const bool same_parent =
      !caller.parent || gateway.directory().find_parent(caller.parent->id) == caller.parent;
  if (key == caller.key && same_parent && gateway.directory().world() == caller.world) return {};
  const auto now = gateway.even_clock().now();
  if (!key) return refuse_key(domain::Denial::key_revoked);
  if (const auto denial = domain::deny_state(*key, now)) return refuse_key(*denial);
  auto found = caller_of(std::move(key), gateway.directory(), now, /*client_ip=*/{});
  if (auto* no = std::get_if<No>(&found)) return std::move(*no);
  const auto* fresh = &std::get<Caller>(found);
  auto chosen = choose_upstreams(*fresh, call, /*random=*/0, gateway.clock().steady());
  if (auto* no = std::get_if<No>(&chosen)) return std::move(*no);
  const auto request = hold_request(*fresh, call, std::get<std::vector<Priced>>(chosen));
  const auto refusal = exceeded(gateway.ledger(), request, ask);
  if (!refusal) return {};
  return refuse_hold(*fresh, *refusal, now.wall, budget_status);
}

}  // namespace nufi::gateway
