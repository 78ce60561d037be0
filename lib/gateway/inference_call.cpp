#include "lib/gateway/inference_call.hpp"

#include "lib/base/text.hpp"
#include "lib/gateway/admit.hpp"
#include "lib/gateway/headers.hpp"
#include "lib/gateway/hold.hpp"
#include "lib/gateway/rate_reply.hpp"
#include "lib/net/server.hpp"

#include <algorithm>
#include <exception>
#include <random>
#include <utility>

namespace nufi::gateway {
namespace {

/// What the ledger keeps of a user agent: those of browsers fit, those made to fill it don't.
constexpr std::size_t kUserAgentBytes = 512;

/// True if a window above the caller may refuse a call: what is soft softens a key's own only.
bool is_limited(const Caller& caller) {
  const auto limited = [](const domain::SpendLimits& limits) {
    return limits.budget || limits.token_limit;
  };
  const auto strict = [&](const domain::Key& key) {
    return limited(key.limits) && key.enforce != domain::Enforce::soft;
  };
  return strict(*caller.key) || (caller.parent && strict(*caller.parent)) ||
         limited(caller.project->limits) || limited(caller.account->limits);
}

/// Draws among upstreams of one priority; nothing hangs on it being hard to guess.
std::uint64_t random_bits() {
  thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator();
}

std::int64_t microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

/// The field by which the call is billed at rates that `price` does not know, "" = none.
std::string_view unpriced_field(const openai::Request& request, const domain::Price& price) {
  const auto priority = static_cast<std::size_t>(domain::ServiceTier::priority);
  if (request.asks_priority && !price.service[priority]) return "service_tier";
  const auto& rates = price.rates;
  const auto input = rates.effective(domain::Bucket::input);
  const auto write = rates.effective(domain::Bucket::cache_write);
  return request.caches_for_an_hour && write - input < input ? "cache_control.ttl" : "";
}

bool has_allowlist(const Caller& caller) {
  return !caller.key->allowed_models.empty() ||
         (caller.parent && !caller.parent->allowed_models.empty()) ||
         !caller.project->allowed_models.empty() || !caller.group->allowed_models.empty();
}

}  // namespace

InferenceCall::InferenceCall(Gateway& gateway, net::Exchange& exchange, const Endpoint& endpoint)
    : gateway_(gateway),
      exchange_(exchange),
      endpoint_(endpoint),
      started_(gateway.clock_.steady()),
      sent_share_(exchange.services().body_memory) {}

net::Awaitable<void> InferenceCall::run() {
  auto no = co_await read();
  if (!no) no = co_await find_previous();
  if (!no) no = choose();
  if (!no) no = co_await hold();
  if (no) {
    const auto id = unrecorded_id();
    end_trace_refused(*no, id);
    if (!exchange_.is_gone()) co_await send_no(exchange_, std::move(*no), id);
    co_return;
  }
  Outcome outcome;
  std::exception_ptr mistake;
  try {
    outcome = co_await forward();
  } catch (...) {
    // Ours: what the call cost is not known then, but its hold must not stay for ever.
    mistake = std::current_exception();
    outcome.ending = Ending::unseen;
    outcome.status = domain::RowStatus::interrupted;
    outcome.error_code = "internal_error";
  }
  exchange_.on_gone(nullptr);
  if (outcome.no) settlement_.http_status = outcome.no->error.status;
  co_await settle_once(outcome);
  end_trace(outcome);
  if (mistake) std::rethrow_exception(mistake);
  if (outcome.no && !exchange_.is_gone()) {
    outcome.no->headers.emplace_back("x-nufi-request-id", id_);
    co_await send_no(exchange_, std::move(*outcome.no), id_);
  }
}

net::Awaitable<std::optional<No>> InferenceCall::read() {
  auto identified = identify(exchange_, gateway_.directory_, gateway_.even_clock_.now());
  if (auto* no = std::get_if<No>(&identified)) co_return std::move(*no);
  caller_ = std::move(std::get<Caller>(identified));
  begin_trace();

  const auto coding = exchange_.head().fields.find("content-encoding");
  if (!coding.empty() && !equals_ignoring_case(coding, "identity")) co_return refuse_compressed();
  const auto type = exchange_.head().fields.find("content-type");
  const bool as_form = endpoint_.body == BodyKind::form ||
                       (endpoint_.body == BodyKind::form_or_json && openai::is_form(type));
  if (as_form) co_return co_await read_form();
  co_return co_await read_json();
}

net::Awaitable<std::optional<No>> InferenceCall::read_json() {
  const auto most = gateway_.options_.max_body;
  auto unread = refuse_unread(co_await exchange_.read_body(most), most);
  if (unread) co_return unread;
  if (trace_) trace_->add_request(exchange_.body());
  trace_span("body", 0);
  if (!sent_share_.grow_to(exchange_.body().size())) co_return refuse_crowded();
  auto parsed = openai::read_request(endpoint_.form, exchange_.body());
  if (auto* bad = std::get_if<openai::BadRequest>(&parsed)) {
    co_return refuse_invalid(std::move(bad->code), std::move(bad->message), std::move(bad->param));
  }
  request_ = std::move(std::get<openai::Request>(parsed));
  request_.call.endpoint = endpoint_.name;
  prompt_estimate_ = estimated_prompt(exchange_.body());
  co_return std::nullopt;
}

std::optional<No> InferenceCall::choose() {
  auto chosen = choose_upstreams(
      caller_, request_.call, random_bits(), gateway_.clock_.steady(), only_ ? &*only_ : nullptr);
  if (auto* no = std::get_if<No>(&chosen)) {
    // A budget refuses it, so reports tell of it as of other limits.
    if (no->error.code == kPriceUnknown) {
      gateway_.ledger_.count_refusal(hold_request(caller_, request_.call, {}).row);
    }
    return std::move(*no);
  }
  candidates_ = std::move(std::get<std::vector<Priced>>(chosen));
  if (endpoint_.form == openai::Form::transcriptions) bound_transcript(request_.call, candidates_);
  if (!request_.unbounded_tool.empty() && is_limited(caller_)) {
    return refuse_unbounded(request_.unbounded_tool);
  }
  if (!request_.other_models.empty() && (is_limited(caller_) || has_allowlist(caller_))) {
    return refuse_invalid("invalid_value",
                          "A list of other models would pass by the limits of this API key: name "
                          "one model.",
                          request_.other_models);
  }
  if (!is_limited(caller_)) return {};
  if (!request_.repriced_by.empty()) return refuse_repriced(request_.repriced_by);
  for (const auto& each : candidates_) {
    if (each.pricing.free || each.pricing.price == nullptr) continue;
    const auto field = unpriced_field(request_, *each.pricing.price);
    if (!field.empty()) return refuse_repriced(field);
  }
  return {};
}

std::optional<No> InferenceCall::enter(const ledger::HoldRequest& request) {
  const auto& call = request_.call;
  auto entered = enter_rates(gateway_.limiter_, caller_, call, prompt_estimate_, candidates_);
  if (auto* pass = std::get_if<RatePass>(&entered)) {
    pass_ = std::move(*pass);
    return {};
  }
  gateway_.ledger_.count_refusal(request.row);
  const auto now = gateway_.clock_.now();
  // Where a window has no room either, waiting for the minute would not help.
  if (const auto preview = gateway_.ledger_.preview(request); preview.refusal && call.is_charged) {
    return refuse_hold(caller_, *preview.refusal, now, gateway_.options_.budget_status);
  }
  return refuse_rate(caller_, std::get<domain::RateRefusal>(entered), gateway_.limiter_, now);
}

net::Awaitable<std::optional<No>> InferenceCall::hold() {
  if (gateway_.settings_.draining.load()) {
    co_return refuse_draining();
  }
  auto request = hold_request(caller_, request_.call, candidates_);
  request.row.client_ip = exchange_.client_ip();
  request.row.user_agent = domain::without_keys(exchange_.head().fields.find("user-agent"));
  request.row.user_agent.resize(std::min(request.row.user_agent.size(), kUserAgentBytes));
  const auto who = request.row;
  if (auto no = enter(request)) co_return no;
  if (!request_.call.is_charged) {
    id_ = unrecorded_id();
    co_return std::nullopt;
  }
  const auto patience = std::chrono::milliseconds(gateway_.settings_.hold_wait_ms.load());
  const auto asked = trace_now();
  auto outcome = co_await take_hold(gateway_.ledger_, exchange_, std::move(request), patience);
  trace_span("hold", asked);
  if (!std::holds_alternative<ledger::Held>(outcome)) pass_.cancel();
  if (auto* refusal = std::get_if<domain::WindowRefusal>(&outcome)) {
    gateway_.ledger_.count_refusal(who);
    co_return refuse_hold(
        caller_, *refusal, gateway_.clock_.now(), gateway_.options_.budget_status);
  }
  if (auto* unwritable = std::get_if<ledger::Unwritable>(&outcome)) {
    co_return refuse_unwritable(unwritable->problem);
  }
  held_ = std::get<ledger::Held>(outcome);
  id_ = held_.id.text();
  co_return std::nullopt;
}

net::Awaitable<std::optional<No>> InferenceCall::read_form() {
  const auto& fields = exchange_.head().fields;
  const auto type = fields.find("content-type");
  const auto boundary = openai::boundary_of(type);
  if (!openai::is_form(type) || fields.count("content-type") != 1) {
    co_return refuse_invalid("invalid_content_type",
                             "This endpoint takes a form: send it as multipart/form-data.");
  }
  if (!boundary) {
    co_return refuse_invalid("invalid_multipart",
                             "The Content-Type of a form must name one valid boundary.");
  }
  upload_ = std::make_unique<Upload>(
      exchange_, endpoint_.form, *boundary, gateway_.options_.max_body, trace_.get());
  // What bounds the cost must be known before a hold is taken (see FormRequest).
  const bool is_bounded =
      endpoint_.form == openai::Form::transcriptions && exchange_.body_length().has_value();
  auto no = co_await upload_->read(is_bounded || !is_limited(caller_));
  trace_span("body", 0);
  if (no) co_return no;
  auto reading = upload_->reading();
  request_ = std::move(reading.request);
  request_.call.endpoint = endpoint_.name;
  prompt_estimate_ = reading.prompt_estimate;
  audio_ms_estimate_ = reading.audio_ms_estimate;
  co_return std::nullopt;
}

bool InferenceCall::must_ask_for_usage(const Priced& priced) const {
  return endpoint_.has_stream_options && request_.call.stream && !request_.usage_asked &&
         !priced.ready->refuses_stream_options->load();
}

std::string InferenceCall::body_for(const Priced& priced) const {
  openai::Changes changes;
  if (priced.candidate.model != request_.call.model) changes.model = priced.candidate.model;
  changes.ask_for_usage = must_ask_for_usage(priced);
  if (request_.has_only_completion_cap && ignores_completion_cap(*priced.candidate.upstream)) {
    changes.output_cap = request_.call.output_cap;
    changes.cap_field = openai::CapField::max_tokens;
  }
  if (held_.ask.clamped_output) {
    changes.output_cap = held_.ask.clamped_output;
    // The clamp was made for the dearest candidate; a smaller model must not be asked for more than
    // it can.
    const auto bound = priced.pricing.price ? priced.pricing.price->output_bound() : std::nullopt;
    if (bound) changes.output_cap = std::min(*changes.output_cap, *bound);
    changes.cap_field = cap_field(endpoint_, *priced.candidate.upstream);
  }
  return openai::splice_request(exchange_.body(), request_, changes);
}

Asked InferenceCall::asked() const {
  const auto& call = request_.call;
  Asked asked;
  asked.form = endpoint_.form;
  asked.prompt_estimate = prompt_estimate_;
  asked.images = call.image_bound;
  asked.picture_tokens = call.output_cap.value_or(0);
  asked.characters = call.character_bound;
  asked.audio_ms = audio_ms_estimate_;
  asked.audio_ms_bound = call.audio_ms_bound;
  return asked;
}

Ending InferenceCall::ending_of(const Outcome& outcome) const {
  // What works on in the background can't be counted, unless the reply says what it took.
  const bool is_counted = meter_ && meter_->usage_kind() != Meter::UsageKind::missing;
  const bool goes_on = request_.in_background && !is_counted && outcome.ending != Ending::failed;
  return goes_on ? Ending::unseen : outcome.ending;
}

net::Awaitable<void> InferenceCall::settle_once(const Outcome& outcome) {
  if (settled_) co_return;
  settled_ = true;
  if (!request_.call.is_charged) {
    pass_.settle(0);
    co_return;
  }
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
  charge(ending_of(outcome), meter_ ? &*meter_ : nullptr, pricing, held_.ask, asked(), settlement_);
  pass_.settle(settlement_.usage.total());
  trace_settlement();
  const auto asked_at = trace_now();
  co_await settle(gateway_.ledger_, exchange_, held_.id, std::move(settlement_));
  trace_span("settle", asked_at);
}

}  // namespace nufi::gateway
