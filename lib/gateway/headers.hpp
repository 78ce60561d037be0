#pragma once

#include "lib/domain/upstream.hpp"
#include "lib/gateway/directory.hpp"
#include "lib/net/head.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::gateway {

/// The head of the request that goes to `upstream` for a call that came with `client`: the client's
/// own fields but its key, cookies, x-nufi-*, hop-by-hop and forwarding fields; then the upstream's
/// Authorization (Anthropic's own form: x-api-key, and a version if the client names none) and
/// extra headers, `Accept-Encoding: identity`, the type and the length of the body, or that it
/// comes in chunks (std::nullopt). `path` is what follows the base URL: "/chat/completions".
std::string upstream_request_head(const net::RequestHead& client,
                                  const ReadyUpstream& upstream,
                                  std::string_view path,
                                  std::optional<std::uint64_t> body_size,
                                  std::string_view content_type = "application/json");

/// Adds to `reply` what an upstream's reply head passes on to the client: everything but
/// hop-by-hop, framing, cookie, CORS and x-nufi-* fields, and without its `x-ratelimit-*` unless
/// `with_rates` (a key with limits of its own is told of those), and without the body's coding if
/// it `is_decoded`.
void pass_reply_fields(const net::Fields& from,
                       net::Fields& to,
                       bool with_rates,
                       bool is_decoded = false);

}  // namespace nufi::gateway
