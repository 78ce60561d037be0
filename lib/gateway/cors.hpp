#pragma once

#include "lib/net/exchange.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What pages of other origins may do here (PRODUCT §7): nothing, not even learn that we exist,
/// unless their origin was named with --cors-origin. A key still is needed: no cookie is ever sent
/// or read, so being named gives a page nothing but the right to be answered.
namespace nufi::gateway {

/// Adds what the answer to `exchange` must tell a browser, whatever the answer is: nothing while
/// `allowed` (of domain/origin) is empty; else that it depends on the origin, and for an allowed
/// origin that its page may read it.
void add_cors_fields(net::Exchange& exchange, const std::vector<std::string>& allowed);

/// The answer to a browser that asks before it calls; std::nullopt if this is no such question, or
/// not one of an allowed origin.
std::optional<net::Reply> preflight_reply(const net::RequestHead& head,
                                          const std::vector<std::string>& allowed);

}  // namespace nufi::gateway
