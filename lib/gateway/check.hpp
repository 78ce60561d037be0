#pragma once

#include "lib/domain/call.hpp"
#include "lib/domain/views.hpp"
#include "lib/gateway/gateway.hpp"

namespace nufi::gateway {

/// Would `call` of `key` be admitted now, from an address that is allowed? By the rules calls pass
/// (admit, choose, the ledger's windows, rates); nothing is held.
/// Thread-safe; does not block.
domain::CheckView check(const Gateway& gateway, const domain::Key& key, const domain::Call& call);

}  // namespace nufi::gateway
