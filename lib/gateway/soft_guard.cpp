#include "lib/gateway/soft_guard.hpp"

#include <utility>

namespace nufi::gateway {
namespace {

using domain::Metric;
using domain::Scope;

}  // namespace

SoftGuard::SoftGuard(Look look, const Caller& caller) : look_(std::move(look)) {
  watch(*caller.key);
  if (caller.parent) watch(*caller.parent);
}

void SoftGuard::watch(const domain::Key& key) {
  if (key.enforce != domain::Enforce::soft) return;
  const auto& limits = key.limits;
  if (limits.budget) {
    watched_.push_back(
        {{Scope::key, key.id.text(), Metric::usd, limits.budget_period}, limits.budget->nanos()});
  }
  if (limits.token_limit) {
    watched_.push_back(
        {{Scope::key, key.id.text(), Metric::tokens, limits.token_period}, *limits.token_limit});
  }
}

std::optional<domain::WindowRefusal> SoftGuard::empty_window(const domain::Usage& so_far,
                                                             const Pricing& pricing) {
  const auto tokens = so_far.total();
  if (watched_.empty() || tokens < look_at_) return {};
  look_at_ = tokens + kStep;
  for (const auto& [window, limit] : watched_) {
    auto used = tokens;
    if (window.metric == Metric::usd) used = cost_so_far(so_far, pricing).nanos();
    const auto state = look_(window);
    if (used >= state.room_after_settling(limit)) {
      return domain::WindowRefusal{window, state, limit, used};
    }
  }
  return {};
}

}  // namespace nufi::gateway
