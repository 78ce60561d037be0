#pragma once

#include "lib/gateway/gateway.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace nufi::gateway {

/// The names of the models this caller may use, sorted, as far as they are known (see
/// domain::offered_names()).
std::vector<std::string> callable_models(const Caller& caller, Timestamp now);

/// Body of GET /v1/models.
std::string models_body(const Caller& caller, Timestamp now);
/// Body of GET /v1/models/{id}; "" if the caller can't use it.
std::string model_body(const Caller& caller, std::string_view model);

/// Body of GET /v1/key: OpenRouter's field names (openrouter.ai, "API key information"), with our
/// fields beside them.
std::string key_body(const Caller& caller, const ledger::Ledger& ledger, const Moment& now);

/// True if `path` is one of these, which send_info() answers from what nufid knows.
bool is_info_path(std::string_view path);
/// Answers a GET of such a path; another method is 405.
net::Awaitable<void> send_info(Gateway& gateway, net::Exchange& exchange);

}  // namespace nufi::gateway
