#pragma once

#include "lib/domain/estimate.hpp"
#include "lib/gateway/gateway.hpp"

#include <optional>

namespace nufi::gateway {

/// Between the moment a call was identified and the one it is sent, it may have waited: for its
/// body, or for room. Why it may not go any more, if the key, its parent or what stands above them
/// was changed meanwhile in a way that forbids it: ended or disabled, the model taken away, a limit
/// lowered below what is spent and held. `ask` is what it holds. Costs two look-ups when nothing
/// changed.
std::optional<No> refused_since(const Gateway& gateway,
                                const Caller& caller,
                                const domain::Call& call,
                                const domain::Ask& ask,
                                int budget_status);

}  // namespace nufi::gateway
