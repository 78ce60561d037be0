#pragma once

#include "lib/ledger/ledger.hpp"
#include "lib/net/exchange.hpp"

#include <chrono>

namespace nufi::gateway {

/// Takes a hold without blocking the loop. One that must wait in turn is given up after `patience`,
/// or when the client leaves. Throws nothing.
net::Awaitable<ledger::HoldOutcome> take_hold(ledger::Ledger& ledger,
                                              net::Exchange& exchange,
                                              ledger::HoldRequest request,
                                              std::chrono::milliseconds patience);

/// Settles and returns once the settlement is durable.
net::Awaitable<void> settle(ledger::Ledger& ledger,
                            net::Exchange& exchange,
                            domain::RequestId id,
                            ledger::Settlement settlement);

}  // namespace nufi::gateway
