#pragma once

#include "lib/base/even_clock.hpp"
#include "lib/gateway/gateway.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace nufi::gateway {

/// Who sends this request, by its `Authorization: Bearer` (any case) field, or by `x-api-key` where
/// Anthropic's form is spoken (both must be the same key); or why not.
std::variant<Caller, No> identify(const net::Exchange& exchange,
                                  const Directory& directory,
                                  const Moment& now);

/// The caller that `key` is as `directory` stands; or why it may not call at `now` whatever it is
/// itself: its account, project or group is not there, or its parent key can't be used from
/// `client_ip` ("" = its address is not looked at).
std::variant<Caller, No> caller_of(std::shared_ptr<const domain::Key> key,
                                   const Directory& directory,
                                   const Moment& now,
                                   std::string_view client_ip);

/// True if `host` (a Host field) is a loopback name or address, the very address the client
/// connected to, or one of `allowed`; with or without port. What keeps web pages of other names out
/// (DNS rebinding).
bool is_host_allowed(std::string_view host,
                     std::string_view local_ip,
                     const std::vector<std::string>& allowed);

}  // namespace nufi::gateway
