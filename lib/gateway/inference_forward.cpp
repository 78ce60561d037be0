// Who is asked: one attempt after the other, until an upstream has answered.

#include "lib/base/text.hpp"
#include "lib/gateway/attempts.hpp"
#include "lib/gateway/headers.hpp"
#include "lib/gateway/inference_call.hpp"
#include "lib/gateway/readmit.hpp"
#include "lib/net/server.hpp"

#include <fmt/format.h>

#include <utility>

namespace nufi::gateway {
namespace {

using domain::RowStatus;
using net::RequestResult;

/// The queue for a connection was too long just now; it moves with every call that ends.
constexpr std::chrono::seconds kAfterNoTurn{1};

/// The SDKs count their own attempts at one call.
bool is_client_retry(const net::Fields& fields) {
  return parse_integer(fields.find("x-stainless-retry-count")).value_or(0) > 0;
}

}  // namespace

net::Awaitable<InferenceCall::Outcome> InferenceCall::forward() {
  Outcome outcome;
  std::optional<LiveCalls::Entry> live;
  net::UpstreamCall* current = nullptr;
  if (request_.call.stream || (upload_ && !upload_->is_whole())) {
    live.emplace(gateway_.live_calls_, net::Server::current_loop(), caller_.key->id, [&] {
      cut_ = true;
      if (current != nullptr) current->cancel();
      if (upload_) upload_->interrupt();
    });
  }
  // A revoke or an edit that came while the call waited had nothing to cut yet.
  outcome.no =
      refused_since(gateway_, caller_, request_.call, held_.ask, gateway_.options_.budget_status);
  if (outcome.no) {
    outcome.status = RowStatus::cut;
    outcome.error_code = outcome.no->error.code;
    co_return outcome;
  }
  const std::chrono::milliseconds patience(gateway_.settings_.hold_wait_ms.load());
  Attempts attempts(candidates_, gateway_.clock_, is_client_retry(exchange_.head().fields));
  const auto asked = trace_now();
  const bool may_begin = co_await attempts.start(exchange_, patience);
  trace_span("probe", asked);
  if (!may_begin) {
    outcome.status = RowStatus::upstream_error;
    outcome.no = refuse_resting(attempts.resting());
    outcome.error_code = outcome.no->error.code;
    co_return outcome;
  }
  exchange_.on_gone([&] {
    if (current != nullptr && !gateway_.settings_.drain_on_disconnect.load()) current->cancel();
  });

  bool goes_on = true;
  while (goes_on) {
    if (exchange_.is_gone() || cut_) {
      outcome.status = cut_ ? RowStatus::cut : RowStatus::client_gone;
      outcome.error_code = cut_ ? "key_revoked" : "";
      if (cut_) outcome.no = refuse_key(domain::Denial::key_revoked);
      break;
    }
    const auto& priced = attempts.current();
    serving_ = &priced;
    usage_injected_ = must_ask_for_usage(priced);

    net::UpstreamCall call(exchange_.services().upstreams, priced.ready->target);
    call.set_turn_timeout(patience);
    current = &call;
    attempts.begin();
    const auto began = trace_now();
    const auto result = co_await send(call, priced, attempts.is_last());
    attempts.end(result, call);
    trace_attempt(attempts, began, call);
    settlement_.attempts = attempts.count();
    settlement_.tried = attempts.tried();
    settlement_.connect_us = call.connect_us();
    goes_on = (!upload_ || upload_->can_be_sent_again()) && attempts.go_on();
    if (!goes_on && result == RequestResult::answered) {
      outcome = co_await pass_reply(call);
      if (const auto status = call.head().status;
          status < 300 && outcome.status == RowStatus::upstream_error) {
        priced.ready->health->complain(fmt::format("HTTP {} without a whole answer", status));
      }
      goes_on = outcome.ask_again;
    } else if (!goes_on) {
      outcome = no_reply(result, call);
    }
    current = nullptr;
  }
  exchange_.on_gone(nullptr);
  co_return outcome;
}

net::Awaitable<RequestResult> InferenceCall::send(net::UpstreamCall& call,
                                                  const Priced& priced,
                                                  bool last) {
  const auto timeout = gateway_.options_.first_byte_timeout;
  const auto& client = exchange_.head();
  const auto path = endpoint_.upstream_path;
  if (!upload_) {
    const auto body = body_for(priced);
    const auto head = upstream_request_head(client, *priced.ready, path, body.size());
    if (last && !usage_injected_) exchange_.drop_body();
    co_return co_await call.request(head, body, timeout);
  }
  const auto type = client.fields.find("content-type");
  const auto& model = priced.candidate.model;
  if (upload_->is_whole()) {
    const auto body = upload_->known_with(model);
    const auto head = upstream_request_head(client, *priced.ready, path, body.size(), type);
    if (last) upload_->forget();
    co_return co_await call.request(head, body, timeout);
  }
  const auto length = upload_->length_with(model);
  const auto head = upstream_request_head(client, *priced.ready, path, length, type);
  upload_->begin(model);
  co_return co_await call.request(head, *upload_, !length, timeout);
}

void InferenceCall::forget_body() {
  exchange_.drop_body();
  sent_share_.give_back();
  if (!upload_) return;
  upload_->forget();
  upload_->forget_sent();
}

/// The form did not come to its end, so that nobody can have done what it asks for; unless only the
/// end of its body is missing.
InferenceCall::Outcome InferenceCall::no_upload() const {
  Outcome outcome;
  outcome.ending = upload_->is_form_sent() ? Ending::unseen : Ending::failed;
  if (cut_) {
    outcome.status = RowStatus::cut;
    outcome.error_code = "key_revoked";
    outcome.no = refuse_key(domain::Denial::key_revoked);
  } else if (exchange_.is_gone() || !upload_->no()) {
    outcome.status = RowStatus::client_gone;
  } else {
    outcome.status = RowStatus::client_error;
    outcome.no = upload_->no();
    outcome.error_code = outcome.no->error.code;
  }
  return outcome;
}

InferenceCall::Outcome InferenceCall::no_reply(RequestResult result,
                                               const net::UpstreamCall& call) {
  const bool is_ours = result == RequestResult::cancelled || result == RequestResult::unfinished;
  if (is_ours && upload_ && !upload_->is_whole() && !upload_->is_form_sent()) return no_upload();
  Outcome outcome;
  outcome.status = RowStatus::upstream_error;
  const auto& name = serving_->candidate.upstream->name;
  switch (result) {
    case RequestResult::cancelled:
      outcome.status = cut_ ? RowStatus::cut : RowStatus::client_gone;
      outcome.error_code = cut_ ? "key_revoked" : "";
      // A stream's output is counted as it passes, and none has; a plain call runs on unseen.
      outcome.ending = request_.call.stream ? Ending::cut_short : Ending::unseen;
      if (cut_) outcome.no = refuse_key(domain::Denial::key_revoked);
      return outcome;
    case RequestResult::timed_out:
      outcome.error_code = "upstream_timeout";
      outcome.no = refuse_upstream(
          504, "upstream_timeout", "The upstream '" + name + "' is too slow: " + call.problem());
      return outcome;
    case RequestResult::no_turn:
      outcome.error_code = "overloaded";
      outcome.no =
          refuse_unavailable("overloaded",
                             fmt::format("All connections that the upstream '{0}' may have are "
                                         "taken. Let it have more with: nufi upstreams edit {0} "
                                         "--max-connections N",
                                         name),
                             kAfterNoTurn);
      return outcome;
    case RequestResult::unfinished:
      return no_upload();
    case RequestResult::connect_failed:
    case RequestResult::broken:
    case RequestResult::answered:
      break;
  }
  outcome.error_code = "upstream_error";
  outcome.no = refuse_upstream(
      502, "upstream_error", "The upstream '" + name + "' failed: " + call.problem());
  return outcome;
}

}  // namespace nufi::gateway
