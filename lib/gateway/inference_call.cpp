#include "lib/gateway/inference_call.hpp"

#include "lib/base/log.hpp"
#include "lib/base/text.hpp"
#include "lib/domain/access.hpp"
#include "lib/gateway/admit.hpp"
#include "lib/gateway/headers.hpp"
#include "lib/gateway/hold.hpp"
#include "lib/net/server.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace nufi::gateway {
namespace {

using namespace std::chrono_literals;
using domain::Metric;
using domain::RowStatus;
using domain::Scope;

/// Which field carries an output cap we set: OpenAI's newer models refuse max_tokens, and many
/// other servers know nothing else.
bool takes_max_completion_tokens(const domain::Upstream& upstream) {
  return upstream.provider == "openai";
}

/// Draws among upstreams of one priority; nothing hangs on it being hard to guess.
std::uint64_t random_bits() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator();
}

std::int64_t microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

}  // namespace

InferenceCall::InferenceCall(Gateway& gateway, net::Exchange& exchange, const Endpoint& endpoint)
    : gateway_(gateway),
      exchange_(exchange),
      endpoint_(endpoint),
      started_(gateway.clock_.steady()) {}

net::Awaitable<void> InferenceCall::run() {
  auto no = co_await read();
  if (!no) no = check_access();
  if (!no) no = choose_upstreams();
  if (!no) no = co_await hold();
  if (no) {
    if (!exchange_.is_gone()) co_await send_no(exchange_, std::move(*no), unrecorded_id());
    co_return;
  }
  auto outcome = co_await forward();
  exchange_.on_gone(nullptr);
  if (outcome.no) settlement_.http_status = outcome.no->error.status;
  co_await settle_once(outcome);
  if (outcome.no && !exchange_.is_gone()) {
    outcome.no->headers.emplace_back("x-nufi-request-id", id_);
    co_await send_no(exchange_, std::move(*outcome.no), id_);
  }
}

net::Awaitable<std::optional<No>> InferenceCall::read() {
  auto identified = identify(exchange_, gateway_.directory_, gateway_.clock_.now());
  if (auto* no = std::get_if<No>(&identified)) co_return std::move(*no);
  caller_ = std::move(std::get<Caller>(identified));

  const auto coding = exchange_.head().fields.find("content-encoding");
  if (!coding.empty() && !equals_ignoring_case(coding, "identity")) co_return refuse_compressed();
  switch (co_await exchange_.read_body(gateway_.options_.max_body)) {
    case net::BodyRead::whole:
      break;
    case net::BodyRead::too_large:
      co_return refuse_too_large(gateway_.options_.max_body);
    case net::BodyRead::malformed:
      co_return refuse_invalid("invalid_body",
                               "The request's body is not framed as HTTP/1.1 asks.");
    case net::BodyRead::too_slow:
      co_return refuse_slow_body();
    case net::BodyRead::gone:
      co_return refuse_invalid("client_gone", "The client hung up.");
  }
  auto parsed = openai::read_request(endpoint_.form, exchange_.body());
  if (auto* bad = std::get_if<openai::BadRequest>(&parsed)) {
    co_return refuse_invalid(std::move(bad->code), std::move(bad->message), std::move(bad->param));
  }
  request_ = std::move(std::get<openai::Request>(parsed));
  prompt_estimate_ = estimated_prompt(exchange_.body());
  co_return std::nullopt;
}

std::optional<No> InferenceCall::check_access() const {
  const auto& model = request_.call.model;
  if (domain::is_model_allowed(*caller_.key, *caller_.project, *caller_.group, model)) return {};
  return refuse_model_not_allowed(model);
}

bool InferenceCall::has_usd_budget() const {
  return caller_.key->limits.budget || caller_.project->limits.budget ||
         caller_.account->limits.budget;
}

std::optional<No> InferenceCall::choose_upstreams() {
  const auto& model = request_.call.model;
  const auto& world = *caller_.world;
  auto found = domain::candidates(world.upstreams, *caller_.group, model, random_bits());
  if (found.empty()) return refuse_model_not_found(model);

  std::string problem;
  auto cooling = std::chrono::milliseconds::max();
  bool unpriced = false;
  const auto now = gateway_.clock_.steady();
  for (auto& candidate : found) {
    Priced priced;
    priced.ready = &world.ready.at(candidate.upstream->id);
    priced.pricing.price = world.price(*candidate.upstream, candidate.model, model);
    priced.pricing.free =
        candidate.upstream->free || (priced.pricing.price != nullptr && priced.pricing.price->free);
    if (candidate.upstream->free) priced.pricing.price = nullptr;
    priced.pricing.tier = request_.call.tier;
    priced.pricing.multiplier = caller_.group->multiplier;
    priced.candidate = std::move(candidate);
    if (!priced.ready->problem.empty()) {
      problem = priced.ready->problem;
      continue;
    }
    if (priced.pricing.price == nullptr && !priced.pricing.free && has_usd_budget()) {
      unpriced = true;
      continue;
    }
    if (const auto rest = priced.ready->health->cooling(now); rest > 0ms) {
      cooling = std::min(cooling, rest);
      continue;
    }
    candidates_.push_back(std::move(priced));
  }
  if (!candidates_.empty()) return {};
  if (cooling != std::chrono::milliseconds::max()) {
    return refuse_unavailable("no_upstream_available",
                              "Every upstream for this model has just failed and is given a rest.",
                              std::chrono::ceil<std::chrono::seconds>(cooling));
  }
  if (unpriced) return refuse_unknown_price(model);
  return refuse_upstream(502, "upstream_error", "The upstream can't be used: " + problem);
}

ledger::HoldRequest InferenceCall::hold_request() const {
  ledger::HoldRequest request;
  auto& row = request.row;
  row.account = caller_.key->account;
  row.project = caller_.key->project;
  row.key = caller_.key->id;
  row.key_name = caller_.key->name;
  row.group = caller_.group->name;
  row.endpoint = endpoint_.name;
  row.model = domain::without_keys(request_.call.model);
  row.stream = request_.call.stream;
  row.client_ip = exchange_.client_ip();
  row.user_agent = domain::without_keys(exchange_.head().fields.find("user-agent"));

  const auto add = [&](Scope scope, const std::string& subject, const domain::SpendLimits& limits) {
    std::optional<std::int64_t> usd;
    if (limits.budget) usd = limits.budget->nanos();
    request.constraints.push_back({{scope, subject, Metric::usd, limits.budget_period}, usd});
    request.constraints.push_back(
        {{scope, subject, Metric::tokens, limits.token_period}, limits.token_limit});
  };
  add(Scope::key, caller_.key->id.text(), caller_.key->limits);
  add(Scope::project, caller_.project->id.text(), caller_.project->limits);
  add(Scope::account, caller_.account->id.text(), caller_.account->limits);

  request.soft = caller_.key->enforce == domain::Enforce::soft;
  bool first = true;
  for (const auto& each : candidates_) {
    const auto ceiling = domain::ceiling_of(
        request_.call, each.pricing.free ? nullptr : each.pricing.price, each.pricing.multiplier);
    request.ceiling = first ? ceiling : domain::dearest(request.ceiling, ceiling);
    first = false;
  }
  return request;
}

net::Awaitable<std::optional<No>> InferenceCall::hold() {
  if (gateway_.settings_.draining.load()) {
    co_return refuse_unavailable("shutting_down", "nufid is shutting down.", 1s);
  }
  auto request = hold_request();
  const auto who = request.row;
  const auto patience = std::chrono::milliseconds(gateway_.settings_.hold_wait_ms.load());
  auto outcome = co_await take_hold(gateway_.ledger_, exchange_, std::move(request), patience);
  if (auto* refusal = std::get_if<domain::WindowRefusal>(&outcome)) {
    gateway_.ledger_.count_refusal(who);
    co_return refuse_hold(*refusal);
  }
  if (auto* unwritable = std::get_if<ledger::Unwritable>(&outcome)) {
    co_return refuse_unavailable(
        "storage_unavailable",
        "The ledger can't be written, so nothing is forwarded: " + unwritable->problem,
        1s);
  }
  held_ = std::get<ledger::Held>(outcome);
  id_ = held_.id.text();
  co_return std::nullopt;
}

No InferenceCall::refuse_hold(const domain::WindowRefusal& refusal) const {
  std::string subject;
  switch (refusal.window.scope) {
    case Scope::key:
      subject = "key '" + caller_.key->name + "'";
      break;
    case Scope::project:
      subject = "project '" + caller_.project->name + "'";
      break;
    case Scope::account:
      subject = "account '" + caller_.account->username + "'";
      break;
  }
  return refuse_window(refusal, subject, gateway_.clock_.now(), gateway_.options_.budget_status);
}

std::string InferenceCall::body_for(const Priced& priced) const {
  const auto& upstream = *priced.candidate.upstream;
  openai::Changes changes;
  if (priced.candidate.model != request_.call.model) changes.model = priced.candidate.model;
  changes.ask_for_usage = request_.call.stream && !request_.usage_asked &&
                          !priced.ready->refuses_stream_options->load();
  if (held_.ask.clamped_output) {
    changes.output_cap = held_.ask.clamped_output;
    // The clamp was made for the dearest candidate; a smaller model must not be asked for more than
    // it can.
    const auto bound = priced.pricing.price ? priced.pricing.price->output_bound() : std::nullopt;
    if (bound) changes.output_cap = std::min(*changes.output_cap, *bound);
    changes.cap_is_max_completion_tokens = takes_max_completion_tokens(upstream);
  }
  return openai::splice_request(exchange_.body(), request_, changes);
}

net::Awaitable<void> InferenceCall::settle_once(const Outcome& outcome) {
  if (settled_) co_return;
  settled_ = true;
  settlement_.status = outcome.status;
  settlement_.error_code = outcome.error_code;
  settlement_.total_us = microseconds(started_, gateway_.clock_.steady());
  Pricing pricing;
  if (serving_ != nullptr) {
    pricing = serving_->pricing;
    settlement_.upstream = serving_->candidate.upstream->name;
    settlement_.upstream_model = domain::without_keys(serving_->candidate.model);
  }
  if (meter_ && meter_->tier()) pricing.tier = *meter_->tier();
  charge(outcome.ending,
         meter_ ? &*meter_ : nullptr,
         pricing,
         held_.ask,
         prompt_estimate_,
         settlement_);
  co_await settle(gateway_.ledger_, exchange_, held_.id, std::move(settlement_));
}

}  // namespace nufi::gateway
