#include "lib/gateway/respond.hpp"

#include "lib/base/id.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/money.hpp"
#include "lib/gateway/endpoint.hpp"
#include "lib/openai/json_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nufi::gateway {
namespace {

using domain::Denial;
using domain::Metric;
using domain::Money;
using domain::Scope;

No no(int status, std::string type, std::string code, std::string message, std::string param = {}) {
  return {{status, std::move(type), std::move(code), std::move(message), std::move(param), {}}, {}};
}

/// A token limit that resets this soon is worth waiting for.
constexpr std::chrono::seconds kWorthWaiting{60};

std::string amount_text(Metric metric, std::int64_t amount) {
  return metric == Metric::usd ? "$" + domain::format_usd(Money::nanos(amount))
                               : fmt::format("{} tokens", amount);
}

/// What `nufi prices set` must be given, so that a call to `endpoint` has a price (domain::covers).
std::string_view missing_price(std::string_view endpoint) {
  if (endpoint.starts_with("images/")) {
    return "--per-image USD, or --input USD --output USD (per million tokens)";
  }
  if (endpoint == "audio/transcriptions" || endpoint == "audio/translations") {
    return "--per-second USD, or --input USD --output USD (per million tokens)";
  }
  if (endpoint == "audio/speech") {
    return "--per-character USD, or --input USD --output USD (per million tokens)";
  }
  if (endpoint == "rerank" || endpoint == "moderations") {
    return "--per-request USD, or --input USD --output USD (per million tokens)";
  }
  return "--input USD --output USD (per million tokens)";
}

std::string limit_json(const domain::WindowRefusal& refusal) {
  const auto& state = refusal.state;
  const auto resets = state.cycle.resets_at();
  const bool usd = refusal.window.metric == Metric::usd;
  const auto number = [&](std::int64_t amount) {
    return usd ? domain::format_usd(Money::nanos(amount)) : std::to_string(amount);
  };
  const std::string_view suffix = usd ? "usd" : "tokens";
  return fmt::format(
      R"({{"reason":"{}","limit":"{}","limit_{}":{},"spent_{}":{},"held_{}":{},"in_flight":{},"resets_at":{}}})",
      usd ? "budget" : "token_limit",
      scope_name(refusal.window.scope),
      suffix,
      number(refusal.limit),
      suffix,
      number(state.spent),
      suffix,
      number(state.held),
      state.in_flight,
      resets ? openai::quote_json(format_rfc3339(*resets)) : "null");
}

}  // namespace

No refuse_invalid(std::string code, std::string message, std::string param) {
  return no(400, "invalid_request_error", std::move(code), std::move(message), std::move(param));
}

No refuse_key(Denial denial) {
  std::string_view code = "invalid_api_key";
  std::string_view message =
      "Incorrect API key provided. Make one with: nufi keys create --name NAME";
  switch (denial) {
    case Denial::no_key:
      message =
          "You didn't provide an API key. Send it as: Authorization: Bearer YOUR_KEY (make one "
          "with: "
          "nufi keys create --name NAME)";
      break;
    case Denial::key_revoked:
      code = "key_revoked";
      message = "This API key was revoked.";
      break;
    case Denial::key_rotated:
      code = "key_revoked";
      message = "This API key was rotated and its old secret has ended. Use the new one.";
      break;
    case Denial::key_disabled:
      code = "key_disabled";
      message = "This API key is disabled. Its owner can enable it with: nufi keys enable KEY";
      break;
    case Denial::key_expired:
      code = "key_expired";
      message = "This API key has expired.";
      break;
    case Denial::bad_key:
    case Denial::model_not_allowed:
    case Denial::ip_not_allowed:
    case Denial::model_not_found:
    case Denial::model_price_unknown:
    case Denial::budget_reached:
    case Denial::token_limit_reached:
    case Denial::rate_requests:
    case Denial::rate_tokens:
    case Denial::rate_parallel:
      break;
  }
  auto refusal = no(401, "invalid_request_error", std::string(code), std::string(message));
  refusal.headers.emplace_back("WWW-Authenticate", "Bearer");
  return refusal;
}

No refuse_child(Denial denial, std::string_view parent) {
  const auto whose = parent.empty()
                         ? std::string("The parent key of this API key")
                         : fmt::format("The key '{}', whose limits hold for this API key,", parent);
  if (denial == Denial::ip_not_allowed) {
    return no(403,
              "permission_error",
              "ip_not_allowed",
              fmt::format("{} may not be used from this address.", whose));
  }
  auto refusal = refuse_key(denial);
  std::string_view why = "was revoked.";
  if (denial == Denial::key_disabled) {
    why = "is disabled. Its owner can enable it with: nufi keys enable KEY";
  }
  if (denial == Denial::key_expired) why = "has expired.";
  refusal.error.message = fmt::format("{} {}", whose, why);
  return refusal;
}

No refuse_two_keys() {
  auto refusal = refuse_key(Denial::bad_key);
  refusal.error.message = "x-api-key and Authorization give different API keys. Send one.";
  return refusal;
}

No refuse_model_not_allowed(std::string_view model, std::string_view whose) {
  const auto list = whose == "key" ? std::string("its allowed models")
                                   : fmt::format("the allowed models of its {}", whose);
  return no(
      403,
      "permission_error",
      "model_not_allowed",
      fmt::format("This API key may not use the model '{}': {} do not include it.", model, list),
      "model");
}

No refuse_ip_not_allowed(std::string_view ip) {
  return no(403,
            "permission_error",
            "ip_not_allowed",
            fmt::format("This API key may not be used from {}.", ip));
}

No refuse_host_not_allowed() {
  return no(
      403,
      "permission_error",
      "host_not_allowed",
      "The Host of this request is not one nufid answers to. Allow it with: nufid --allow-host "
      "NAME");
}

No refuse_model_not_found(std::string_view model) {
  return no(
      404,
      "invalid_request_error",
      "model_not_found",
      fmt::format("No upstream serves the model '{}'. See what there is with: nufi models", model),
      "model");
}

No refuse_no_messages(std::string_view model) {
  return no(404,
            "invalid_request_error",
            "model_not_found",
            fmt::format("No upstream that speaks Anthropic's Messages API serves the model '{}'. "
                        "Call it at /v1/chat/completions, or see what there is with: nufi "
                        "upstreams list",
                        model),
            "model");
}

No refuse_unknown_price(std::string_view model, std::string_view endpoint) {
  return no(400,
            "invalid_request_error",
            std::string(kPriceUnknown),
            fmt::format("The price of the model '{0}' is not known, so a call to it can't be held "
                        "to a budget. Set it with: nufi prices set {0} {1}",
                        model,
                        missing_price(endpoint)),
            "model");
}

No refuse_unknown_url(std::string_view method, std::string_view path, std::string_view meant) {
  return no(404,
            "invalid_request_error",
            "unknown_url",
            fmt::format(
                "Unknown request URL: {} {}.{}{}", method, path, meant.empty() ? "" : " ", meant));
}

No refuse_method(std::string_view method, std::string_view allowed) {
  auto refusal = no(405,
                    "invalid_request_error",
                    "method_not_allowed",
                    fmt::format("The method {} is not allowed here, only {}.", method, allowed));
  refusal.headers.emplace_back("Allow", allowed);
  return refusal;
}

No refuse_unbounded(std::string_view tool) {
  return refuse_invalid(
      "invalid_value",
      fmt::format("The tool '{}' runs at the provider as often as it likes, so nothing bounds what "
                  "this call costs, and this API key has a limit. Set max_tool_calls (in a "
                  "response) or the tool's max_uses (in a message), or use a key without limits.",
                  tool),
      "tools");
}

No refuse_repriced(std::string_view field) {
  return refuse_invalid("invalid_value",
                        fmt::format("With '{0}' this call can cost more than the price of its "
                                    "model says, and this API key has a limit. Leave '{0}' out, or "
                                    "use a key without limits.",
                                    field),
                        std::string(field));
}

No refuse_too_large(std::uint64_t most) {
  return no(413,
            "invalid_request_error",
            "request_too_large",
            fmt::format("The request's body is longer than {} bytes.", most));
}

No refuse_compressed() {
  return no(
      415,
      "invalid_request_error",
      "unsupported_media_type",
      "Compressed request bodies are not understood. Send the body without Content-Encoding.");
}

No refuse_slow_body() {
  return no(
      408, "invalid_request_error", "request_timeout", "The request's body arrived too slowly.");
}

No refuse_crowded() {
  return refuse_unavailable("overloaded",
                            "Too many long request bodies are being kept just now. Try again soon, "
                            "or let nufid keep more with: nufid --max-buffered SIZE",
                            std::chrono::seconds(1));
}

No refuse_upstream(int status, std::string code, std::string message) {
  return no(status, "server_error", std::move(code), std::move(message));
}

No refuse_upstream_auth(std::string_view name, int status) {
  return refuse_upstream(
      502,
      "upstream_auth_failed",
      fmt::format("The upstream '{0}' refused nufid's credential (HTTP {1}). Check it with: nufi "
                  "upstreams test {0}",
                  name,
                  status));
}

No refuse_upstream_redirect(std::string_view name) {
  return refuse_upstream(
      502,
      "upstream_error",
      fmt::format("The upstream '{}' answered with a redirect, which is not followed.", name));
}

No refuse_response_not_found(std::string_view id) {
  return no(404, "invalid_request_error", "", fmt::format("Response with id '{}' not found.", id));
}

No refuse_previous_response(std::string_view id) {
  return refuse_invalid("previous_response_not_found",
                        fmt::format("Previous response with id '{}' not found.", id),
                        "previous_response_id");
}

No refuse_unreadable(const std::string& problem) {
  return refuse_unavailable("storage_unavailable",
                            "Whose the response is can't be looked up: " + problem,
                            std::chrono::seconds(1));
}

No refuse_unavailable(std::string code, std::string message, std::chrono::seconds retry_after) {
  auto refusal = no(503, "server_error", std::move(code), std::move(message));
  refusal.headers.emplace_back("Retry-After", std::to_string(retry_after.count()));
  return refusal;
}

No refuse_window(const domain::WindowRefusal& refusal,
                 std::string_view subject,
                 Timestamp now,
                 int budget_status) {
  const auto& state = refusal.state;
  const auto metric = refusal.window.metric;
  const bool usd = metric == Metric::usd;
  const auto resets = state.cycle.resets_at();
  auto message = fmt::format("{}: {} has used {} of its {} {}, {} held by {} {} in flight",
                             usd ? "Budget reached" : "Token limit reached",
                             subject,
                             amount_text(metric, state.spent),
                             amount_text(metric, refusal.limit),
                             usd ? "budget" : "limit",
                             amount_text(metric, state.held),
                             state.in_flight,
                             state.in_flight == 1 ? "call" : "calls");
  const bool never_fits = refusal.ask > refusal.limit;
  // A soft key asks for the least there is: not what the call needs.
  if (refusal.ask > 1) {
    message += fmt::format("; this call needs up to {}", amount_text(metric, refusal.ask));
    if (never_fits) message += ", more than the whole limit";
  }
  message += '.';
  message += resets ? fmt::format(" It resets at {}.", format_rfc3339(*resets))
                    : std::string(" It does not reset.");

  auto result =
      no(usd ? budget_status : 429, "insufficient_quota", "insufficient_quota", std::move(message));
  result.error.limit_json = limit_json(refusal);
  const auto wait =
      resets ? std::chrono::ceil<std::chrono::seconds>(*resets - now) : std::chrono::seconds::max();
  if (!usd && !never_fits && wait <= kWorthWaiting) {
    result.headers.emplace_back("x-should-retry", "true");
    result.headers.emplace_back("Retry-After", std::to_string(std::max<long>(1, wait.count())));
    result.headers.emplace_back("retry-after-ms",
                                std::to_string(std::max<long>(1, wait.count()) * 1000));
  } else {
    // Trying again does not help: x-should-retry stops the OpenAI and Anthropic SDKs. The AI SDK
    // knows no such header; with retry-after-ms: 0 it at least does not wait between its attempts.
    result.headers.emplace_back("x-should-retry", "false");
    result.headers.emplace_back("retry-after-ms", "0");
  }
  return result;
}

std::string unrecorded_id() {
  return "req_" + random_base62(16);
}

net::Awaitable<void> send_no(net::Exchange& exchange, No refusal, std::string request_id) {
  net::Reply reply;
  reply.status = refusal.error.status;
  reply.fields.add("Content-Type", "application/json");
  reply.fields.add("x-request-id", request_id);
  for (const auto& [name, value] : refusal.headers) reply.fields.add(name, value);
  refusal.error.message = domain::without_keys(refusal.error.message);
  const bool as_message = speaks_messages(exchange.head().path());
  if (as_message) reply.fields.add("request-id", request_id);
  const auto body = as_message ? openai::message_error_body(refusal.error, request_id)
                               : openai::error_body(refusal.error);
  co_await exchange.send(reply, body);
}

net::Awaitable<void> send_json(net::Exchange& exchange, int status, std::string body) {
  net::Reply reply;
  reply.status = status;
  reply.fields.add("Content-Type", "application/json");
  reply.fields.add("x-request-id", unrecorded_id());
  co_await exchange.send(reply, body);
}

std::string error_event(const openai::ApiError& error,
                        bool as_message,
                        std::string_view request_id) {
  if (as_message) {
    return fmt::format("event: error\ndata: {}\n\n", openai::message_error_body(error, request_id));
  }
  return fmt::format("data: {}\n\n", openai::error_body(error));
}

}  // namespace nufi::gateway
