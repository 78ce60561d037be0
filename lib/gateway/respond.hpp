#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/key.hpp"
#include "lib/domain/verdict.hpp"
#include "lib/net/exchange.hpp"
#include "lib/openai/error_body.hpp"

#include <string>
#include <vector>

namespace nufi::gateway {

/// A reply of ours that says no: the error and the headers that go with it.
struct No {
  openai::ApiError error;
  std::vector<std::pair<std::string, std::string>> headers;
};

/// The rows of PRODUCT §7's table.
No refuse_invalid(std::string code, std::string message, std::string param = {});
No refuse_key(domain::Denial denial);
/// A child may not call because of the key `parent`, whose limits hold for it ("" = its name is not
/// known any more).
No refuse_child(domain::Denial denial, std::string_view parent);
/// Two fields give two keys.
No refuse_two_keys();
/// `whose` allowed models lack it: of the "key", its "parent key", "project" or "group".
No refuse_model_not_allowed(std::string_view model, std::string_view whose);
No refuse_ip_not_allowed(std::string_view ip);
No refuse_host_not_allowed();
No refuse_model_not_found(std::string_view model);
/// The model is served, but not in Anthropic's form.
No refuse_no_messages(std::string_view model);
/// The code of a call that a budget refuses, as it can't be held to it.
inline constexpr std::string_view kPriceUnknown = "model_price_unknown";
/// `endpoint`: as the ledger names it; what is billed there decides on the price that is missing.
No refuse_unknown_price(std::string_view model, std::string_view endpoint);
/// `meant`: a sentence about the URL that was meant, or "".
No refuse_unknown_url(std::string_view method, std::string_view path, std::string_view meant = {});
No refuse_method(std::string_view method, std::string_view allowed);
/// A call that nothing bounds, under a limit: `tool` runs at the provider as often as it likes.
No refuse_unbounded(std::string_view tool);
/// A call whose `field` makes it dearer than its model's price says, under a limit.
No refuse_repriced(std::string_view field);
No refuse_too_large(std::uint64_t most);
No refuse_compressed();
No refuse_slow_body();
/// Too much is kept of other calls' bodies (net::BodyMemory).
No refuse_crowded();
No refuse_upstream(int status, std::string code, std::string message);
/// The upstream `name` refused our credential with `status` (401 or 403).
No refuse_upstream_auth(std::string_view name, int status);
/// It answered with a redirect.
No refuse_upstream_redirect(std::string_view name);
/// There is no stored response of this id, or not for this caller: both in the same words.
No refuse_response_not_found(std::string_view id);
/// The same where a new response should go on from it.
No refuse_previous_response(std::string_view id);
/// Behind either, for the account that made it: there is nobody left who has it.
inline constexpr std::string_view kUpstreamRemoved =
    " The upstream that made it was removed from nufi.";
/// Whose a response is can't be looked up now.
No refuse_unreadable(const std::string& problem);
/// 503 with Retry-After.
No refuse_unavailable(std::string code, std::string message, std::chrono::seconds retry_after);
/// A window without room (a budget: `budget_status`, 429 or 402). `subject` names its key, project
/// or account for people: "key 'laptop'".
No refuse_window(const domain::WindowRefusal& refusal,
                 std::string_view subject,
                 Timestamp now,
                 int budget_status);

/// Sends it in the form that the request's path speaks, with x-request-id.
net::Awaitable<void> send_no(net::Exchange& exchange, No no, std::string request_id);

/// A random id for the x-request-id of a request that has no row in the ledger.
std::string unrecorded_id();

/// Sends JSON with `status` and an x-request-id.
net::Awaitable<void> send_json(net::Exchange& exchange, int status, std::string body);

/// The final event of a stream that ended badly: `data: {"error":…}` and an empty line; in
/// Anthropic's form with the line `event: error`, and the id of the request.
std::string error_event(const openai::ApiError& error,
                        bool as_message = false,
                        std::string_view request_id = {});

}  // namespace nufi::gateway
