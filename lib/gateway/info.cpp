#include "lib/gateway/info.hpp"

#include "lib/base/text.hpp"
#include "lib/domain/access.hpp"
#include "lib/domain/lease.hpp"
#include "lib/domain/offer.hpp"
#include "lib/domain/rate.hpp"
#include "lib/domain/route.hpp"
#include "lib/gateway/admit.hpp"
#include "lib/gateway/billing.hpp"
#include "lib/gateway/respond.hpp"
#include "lib/gateway/url.hpp"
#include "lib/openai/json_walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace nufi::gateway {
namespace {

using domain::Metric;
using domain::Money;
using domain::Scope;
using openai::quote_json;

/// The catalogue has one date for all its models; OpenAI's `created` is a Unix time.
constexpr std::int64_t kCreated = 1'785'542'400;

std::string owner_of(const Caller& caller, std::string_view model) {
  const auto found = caller.world->candidates(*caller.group, model, /*random=*/0);
  return found.empty() ? std::string() : found.front().upstream->name;
}

std::string model_object(const Caller& caller, std::string_view model) {
  return fmt::format(R"({{"id":{},"object":"model","created":{},"owned_by":{}}})",
                     quote_json(model),
                     kCreated,
                     quote_json(owner_of(caller, model)));
}

bool is_callable(const Caller& caller, std::string_view model) {
  const auto whose =
      domain::who_forbids(*caller.key, caller.parent.get(), *caller.project, *caller.group, model);
  return whose.empty() && !caller.world->candidates(*caller.group, model, /*random=*/0).empty();
}

constexpr std::string_view kModels = "/v1/models/";

/// What a key's own windows stand at.
struct KeyStanding {
  domain::WindowState usd;
  domain::WindowState tokens;
  std::optional<Money> left;  ///< of its budget
  std::optional<std::int64_t> tokens_left;
  bool is_used_up = false;  ///< a limit without an end
};

KeyStanding standing_of(const domain::Key& key, const ledger::Ledger& ledger) {
  const auto& limits = key.limits;
  KeyStanding standing;
  standing.usd = ledger.window({Scope::key, key.id.text(), Metric::usd, limits.budget_period});
  standing.tokens = ledger.window({Scope::key, key.id.text(), Metric::tokens, limits.token_period});
  if (limits.budget) standing.left = *limits.budget - Money::nanos(standing.usd.spent);
  if (limits.token_limit) standing.tokens_left = *limits.token_limit - standing.tokens.spent;
  standing.is_used_up = (standing.left && limits.budget_period == domain::Period::total &&
                         *standing.left <= Money::zero()) ||
                        (standing.tokens_left && limits.token_period == domain::Period::total &&
                         *standing.tokens_left <= 0);
  return standing;
}

/// The key as apps understand it that subtract what it has spent from its budget: where its parent
/// has less left, its budget is what leaves as much.
domain::Key billed_key(const Caller& caller, const ledger::Ledger& ledger) {
  auto key = *caller.key;
  if (!caller.parent) return key;
  const auto own = standing_of(key, ledger);
  const auto parent = standing_of(*caller.parent, ledger);
  if (!parent.left || (own.left && *own.left <= *parent.left)) return key;
  key.limits.budget = Money::nanos(own.usd.spent) + std::max(*parent.left, Money::zero());
  return key;
}

std::string usd_or_null(std::optional<Money> amount) {
  return amount ? domain::format_usd(*amount) : "null";
}

}  // namespace

std::vector<std::string> callable_models(const Caller& caller, Timestamp now) {
  const auto& world = *caller.world;
  const std::string today = format_rfc3339(now).substr(0, 10);
  std::set<std::string> names;
  for (const auto& upstream : world.upstreams) {
    names.merge(domain::offered_names(*upstream, world.prices, today));
  }
  std::vector<std::string> callable;
  std::copy_if(names.begin(), names.end(), std::back_inserter(callable), [&](const auto& name) {
    return is_callable(caller, name);
  });
  return callable;
}

std::string models_body(const Caller& caller, Timestamp now) {
  std::string body = R"({"object":"list","data":[)";
  bool first = true;
  for (const auto& name : callable_models(caller, now)) {
    if (!first) body += ',';
    first = false;
    body += model_object(caller, name);
  }
  return body + "]}";
}

std::string model_body(const Caller& caller, std::string_view model) {
  return is_callable(caller, model) ? model_object(caller, model) : std::string();
}

std::string key_body(const Caller& caller, const ledger::Ledger& ledger, const Moment& now) {
  const auto& key = *caller.key;
  const auto own = standing_of(key, ledger);
  const auto parent = caller.parent ? standing_of(*caller.parent, ledger) : KeyStanding{};
  // Whichever of the two runs out first is what the key has to go by.
  const bool by_parent = parent.left && (!own.left || *parent.left < *own.left);
  const auto& binding = by_parent ? parent : own;
  const auto& limits = by_parent ? caller.parent->limits : key.limits;
  const bool tokens_by_parent =
      parent.tokens_left && (!own.tokens_left || *parent.tokens_left < *own.tokens_left);
  const auto& token_limits = tokens_by_parent ? caller.parent->limits : key.limits;
  const auto resets = limits.budget ? binding.usd.cycle.resets_at() : std::nullopt;
  const auto rates = domain::rate_limits(key, *caller.group);
  const auto state = domain::key_state(
      domain::lease_on_wall(key, now), now.wall, own.is_used_up || parent.is_used_up);
  return fmt::format(
      R"({{"data":{{"label":{},"name":{},"status":{},"limit":{},"limit_reset":{},"limit_remaining":{},)"
      R"("usage":{},"held":{},"limit_resets_at":{},"token_limit":{},"token_limit_reset":{},"tokens_used":{},)"
      R"("is_free_tier":false,"is_provisioning_key":false,"expires_at":{},"rate_limit":{{"requests":{},"interval":"1m"}}}}}})",
      quote_json(key.masked),
      quote_json(key.name),
      quote_json(key_state_name(state)),
      usd_or_null(limits.budget),
      limits.budget ? quote_json(period_name(limits.budget_period)) : "null",
      usd_or_null(binding.left),
      domain::format_usd(Money::nanos(own.usd.spent)),
      domain::format_usd(Money::nanos(own.usd.held)),
      resets ? quote_json(format_rfc3339(*resets)) : "null",
      token_limits.token_limit ? std::to_string(*token_limits.token_limit) : "null",
      token_limits.token_limit ? quote_json(period_name(token_limits.token_period)) : "null",
      own.tokens.spent,
      key.expires_at ? quote_json(format_rfc3339(*key.expires_at)) : "null",
      rates.requests ? std::to_string(rates.requests->limit) : "-1");
}

bool is_info_path(std::string_view path) {
  return path == "/v1/models" || path == "/v1/key" || !billing_subject(path).empty() ||
         (path.starts_with(kModels) && path.size() > kModels.size());
}

net::Awaitable<void> send_info(Gateway& gateway, net::Exchange& exchange) {
  const auto& head = exchange.head();
  const auto path = head.path();
  if (head.method != "GET") {
    co_return co_await send_no(exchange, refuse_method(head.method, "GET"), unrecorded_id());
  }
  const auto now = gateway.even_clock().now();
  auto identified = identify(exchange, gateway.directory(), now);
  if (auto* no = std::get_if<No>(&identified)) {
    co_return co_await send_no(exchange, std::move(*no), unrecorded_id());
  }
  const auto& caller = std::get<Caller>(identified);
  if (path == "/v1/models") {
    co_return co_await send_json(exchange, 200, models_body(caller, now.wall));
  }
  if (path == "/v1/key") {
    co_return co_await send_json(exchange, 200, key_body(caller, gateway.ledger(), now));
  }
  const auto billing = billing_subject(path);
  if (billing == "subscription") {
    co_return co_await send_json(
        exchange, 200, subscription_body(billed_key(caller, gateway.ledger())));
  }
  if (billing == "usage") {
    const auto& key = *caller.key;
    const auto window =
        gateway.ledger().window({Scope::key, key.id.text(), Metric::usd, key.limits.budget_period});
    auto usage = usage_body(key, window, head.query(), now.wall);
    if (auto* no = std::get_if<No>(&usage)) {
      co_return co_await send_no(exchange, std::move(*no), unrecorded_id());
    }
    co_return co_await send_json(exchange, 200, std::move(std::get<std::string>(usage)));
  }
  const auto model = decode_path(path.substr(kModels.size()));
  auto body = model ? model_body(caller, *model) : std::string();
  if (body.empty()) {
    co_return co_await send_no(
        exchange, refuse_model_not_found(model.value_or("")), unrecorded_id());
  }
  co_await send_json(exchange, 200, std::move(body));
}

}  // namespace nufi::gateway
