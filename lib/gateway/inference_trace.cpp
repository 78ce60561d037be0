// What a call leaves as its trace, where it leaves one.

#include "lib/gateway/inference_call.hpp"

#include <fmt/format.h>

#include <utility>

namespace nufi::gateway {
namespace {

using domain::RowStatus;
using domain::TraceMode;

}  // namespace

void InferenceCall::begin_trace() {
  TraceSink* const sink = gateway_.options_.traces;
  if (sink == nullptr) return;
  auto mode = domain::wider(gateway_.settings_.trace.load(std::memory_order_relaxed),
                            domain::trace_mode_of(*caller_.key));
  if (caller_.parent) mode = domain::wider(mode, domain::trace_mode_of(*caller_.parent));
  if (mode == TraceMode::off) return;
  trace_ =
      std::make_unique<CallTrace>(sink->memory(), gateway_.clock_, started_, mode, caller_.world);
  auto& trace = trace_->facts();
  trace.head.account = caller_.account->username;
  trace.head.key = caller_.key->id;
  trace.head.key_name = caller_.key->name;
  trace.head.endpoint = endpoint_.name;
  trace.request.content_type = domain::without_keys(exchange_.head().fields.find("content-type"));
}

void InferenceCall::trace_span(std::string_view name, std::int64_t start_us) {
  if (trace_) trace_->span(name, start_us);
}

void InferenceCall::trace_attempt(const Attempts& attempts,
                                  std::int64_t start_us,
                                  const net::UpstreamCall& call) {
  const auto count = static_cast<std::size_t>(attempts.count());
  if (!trace_ || attempts.ended().size() != count) return;
  trace_->attempt(attempts.ended().back(), serving_->candidate.model, start_us, call);
}

void InferenceCall::trace_settlement() {
  if (!trace_) return;
  auto& trace = trace_->facts();
  trace.usage = settlement_.usage;
  trace.basis = settlement_.basis;
  trace.head.cost = settlement_.cost;
  trace.head.error_code = settlement_.error_code;
}

void InferenceCall::end_trace(const Outcome& outcome) {
  if (!trace_) return;
  auto& trace = trace_->facts();
  trace.head.id = id_;
  trace.head.status = outcome.status;
  trace.head.http_status = settlement_.http_status;
  // Charging may have found fault with the usage: that is said by the settlement.
  if (trace.head.error_code.empty()) trace.head.error_code = outcome.error_code;
  if (outcome.no) trace.error = outcome.no->error.message;
  if (serving_ != nullptr) {
    const auto& model = serving_->candidate.model;
    trace.head.upstream = serving_->candidate.upstream->name;
    trace.upstream_model = domain::without_keys(model);
    if (model != request_.call.model) {
      trace.changes.push_back(fmt::format("model sent as {}", trace.upstream_model));
    }
    if (usage_injected_) trace.changes.emplace_back("usage asked for (stream_options)");
    if (held_.ask.clamped_output) {
      trace.changes.push_back(fmt::format("output limited to {} tokens, for the budget's sake",
                                          *held_.ask.clamped_output));
    }
  }
  hand_over_trace();
}

void InferenceCall::end_trace_refused(const No& no, const std::string& id) {
  if (!trace_) return;
  auto& trace = trace_->facts();
  trace.head.id = id;
  trace.head.status = RowStatus::client_error;
  if (no.error.status >= 500) trace.head.status = RowStatus::upstream_error;
  if (exchange_.is_gone()) trace.head.status = RowStatus::client_gone;
  trace.head.http_status = exchange_.is_gone() ? 0 : no.error.status;
  trace.head.error_code = no.error.code;
  trace.error = no.error.message;
  hand_over_trace();
}

void InferenceCall::hand_over_trace() {
  auto& trace = trace_->facts();
  trace.head.model = domain::without_keys(request_.call.model);
  trace.stream = request_.call.stream;
  trace_->end();
  // Where only failures are asked for, what went well leaves nothing.
  if (trace_->mode() == TraceMode::errors && trace.head.status == RowStatus::ok) {
    trace_.reset();
    return;
  }
  gateway_.options_.traces->take(std::move(trace_));
}

}  // namespace nufi::gateway
