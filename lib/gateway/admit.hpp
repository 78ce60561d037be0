#pragma once

#include "lib/base/clock.hpp"
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
                                  Timestamp now);

/// The caller that `key` is in `world`; std::nullopt if its account, project or group is not there.
std::optional<Caller> caller_of(std::shared_ptr<const domain::Key> key,
                                std::shared_ptr<const World> world);

/// True if `host` (a Host field) is a loopback name or address, the very address the client
/// connected to, or one of `allowed`; with or without port. What keeps web pages of other names out
/// (DNS rebinding).
bool is_host_allowed(std::string_view host,
                     std::string_view local_ip,
                     const std::vector<std::string>& allowed);

}  // namespace nufi::gateway
