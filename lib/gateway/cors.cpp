#include "lib/gateway/cors.hpp"

#include <algorithm>

namespace nufi::gateway {
namespace {

/// What our replies have that a page could not read otherwise; the names in headers.cpp,
/// respond.cpp, rate_reply.cpp and inference_reply.cpp.
constexpr std::string_view kExposed =
    "x-request-id, request-id, x-nufi-request-id, x-nufi-upstream, x-nufi-max-tokens, retry-after, "
    "retry-after-ms, x-should-retry, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, "
    "x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, "
    "x-ratelimit-reset-tokens";

/// What Access-Control-Allow-Origin says to a page of `origin`; "" if it may nothing.
std::string_view answer_to(std::string_view origin, const std::vector<std::string>& allowed) {
  if (origin.empty()) return {};
  const auto has = [&](std::string_view text) {
    return std::find(allowed.begin(), allowed.end(), text) != allowed.end();
  };
  if (has("*")) return "*";
  return has(origin) ? origin : std::string_view{};
}

bool is_field_name_list(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_, ").find(c) != std::string_view::npos;
  });
}

}  // namespace

void add_cors_fields(net::Exchange& exchange, const std::vector<std::string>& allowed) {
  if (allowed.empty()) return;
  const auto answer = answer_to(exchange.head().fields.find("origin"), allowed);
  // A cache must not give one origin what was answered to another.
  if (answer != "*") exchange.add_reply_field("Vary", "Origin");
  if (answer.empty()) return;
  exchange.add_reply_field("Access-Control-Allow-Origin", answer);
  exchange.add_reply_field("Access-Control-Expose-Headers", kExposed);
}

std::optional<net::Reply> preflight_reply(const net::RequestHead& head,
                                          const std::vector<std::string>& allowed) {
  const auto& fields = head.fields;
  if (head.method != "OPTIONS" || fields.find("access-control-request-method").empty() ||
      answer_to(fields.find("origin"), allowed).empty()) {
    return std::nullopt;
  }
  net::Reply reply;
  reply.status = 204;
  reply.fields.add("Access-Control-Allow-Methods", "GET, POST, DELETE");
  const auto asked = fields.find("access-control-request-headers");
  if (!asked.empty() && is_field_name_list(asked)) {
    reply.fields.add("Access-Control-Allow-Headers", asked);
  }
  reply.fields.add("Vary", "Access-Control-Request-Headers");
  reply.fields.add("Access-Control-Max-Age", "600");
  return reply;
}

}  // namespace nufi::gateway
