#include "lib/gateway/gateway.hpp"

#include "lib/base/log.hpp"
#include "lib/base/text.hpp"
#include "lib/gateway/admit.hpp"
#include "lib/gateway/cors.hpp"
#include "lib/gateway/endpoint.hpp"
#include "lib/gateway/inference_call.hpp"
#include "lib/gateway/info.hpp"
#include "lib/gateway/response_call.hpp"

#include <utility>

namespace nufi::gateway {
namespace {

bool is_served(const std::string& path) {
  return find_endpoint(path) != nullptr || find_response_path(path) || is_info_path(path);
}

/// What whoever asked for `path`, which there is not, most likely meant; "" = who knows.
std::string meant_by(std::string_view path) {
  constexpr std::string_view kBase = "/v1";
  if (path == "/" || path == kBase || path == "/v1/") {
    return "The base URL for clients ends in /v1; see what there is at /v1/models.";
  }
  if (is_served(std::string(kBase).append(path))) return "Did you forget /v1?";
  // Some clients add /v1 to their base URL themselves.
  if (path.starts_with("/v1/v1/") && is_served(std::string(path.substr(kBase.size())))) {
    return "Leave out one /v1: this client adds it to its base URL itself.";
  }
  return {};
}

}  // namespace

Gateway::Gateway(Options options,
                 Directory& directory,
                 ledger::Ledger& ledger,
                 StoredResponses& responses,
                 const EvenClock& even_clock,
                 std::size_t loops)
    : options_(std::move(options)),
      directory_(directory),
      ledger_(ledger),
      owners_(responses),
      even_clock_(even_clock),
      clock_(even_clock.clock()),
      limiter_(clock_),
      live_calls_(loops) {}

net::Awaitable<void> Gateway::handle(net::Exchange& exchange) {
  try {
    co_await route(exchange);
  } catch (const std::exception& error) {
    log::error("a call ended with an error of ours", {{"why", error.what()}});
    exchange.close_after();
  }
}

net::Awaitable<void> Gateway::route(net::Exchange& exchange) {
  const auto& head = exchange.head();
  const auto path = head.path();
  add_cors_fields(exchange, options_.cors_origins);
  if (!is_host_allowed(head.fields.find("host"), exchange.local_ip(), options_.allowed_hosts)) {
    co_return co_await send_no(exchange, refuse_host_not_allowed(), unrecorded_id());
  }
  if (const auto preflight = preflight_reply(head, options_.cors_origins)) {
    co_await exchange.send(*preflight, {});
    co_return;
  }
  if (const auto* endpoint = find_endpoint(path)) {
    if (head.method != "POST") {
      co_return co_await send_no(exchange, refuse_method(head.method, "POST"), unrecorded_id());
    }
    InferenceCall call(*this, exchange, *endpoint);
    co_return co_await call.run();
  }
  if (const auto response = find_response_path(path)) {
    ResponseCall call(*this, exchange, *response);
    co_return co_await call.run();
  }
  if (path == "/healthz" || path == "/readyz") {
    if (head.method != "GET" && head.method != "HEAD") {
      co_return co_await send_no(
          exchange, refuse_method(head.method, "GET, HEAD"), unrecorded_id());
    }
    if (path == "/readyz") co_return co_await ready(exchange);
    co_return co_await send_json(exchange, 200, R"({"status":"ok"})");
  }
  if (is_info_path(path)) co_return co_await send_info(*this, exchange);
  co_await send_no(
      exchange, refuse_unknown_url(head.method, path, meant_by(path)), unrecorded_id());
}

net::Awaitable<void> Gateway::ready(net::Exchange& exchange) {
  const auto problem = ledger_.problem();
  if (settings_.draining.load()) {
    co_return co_await send_no(
        exchange,
        refuse_unavailable("shutting_down", "nufid is shutting down.", std::chrono::seconds(1)),
        unrecorded_id());
  }
  if (!problem.empty()) {
    co_return co_await send_no(exchange,
                               refuse_unavailable("storage_unavailable",
                                                  "The ledger can't be written: " + problem,
                                                  std::chrono::seconds(1)),
                               unrecorded_id());
  }
  co_await send_json(exchange, 200, R"({"status":"ready"})");
}

}  // namespace nufi::gateway
