// Who is asked: one attempt after the other, until an upstream has answered.

#include "lib/gateway/headers.hpp"
#include "lib/gateway/inference_call.hpp"
#include "lib/gateway/readmit.hpp"
#include "lib/net/server.hpp"

#include <utility>

namespace nufi::gateway {
namespace {

using domain::AttemptResult;
using domain::RowStatus;
using net::RequestResult;

AttemptResult attempt_result(RequestResult result) {
  switch (result) {
    case RequestResult::answered:
      return AttemptResult::answered;
    case RequestResult::connect_failed:
      return AttemptResult::connect_failed;
    case RequestResult::timed_out:
      return AttemptResult::timed_out;
    case RequestResult::broken:
    case RequestResult::cancelled:
      return AttemptResult::broken;
  }
  return AttemptResult::broken;
}

bool is_trouble(RequestResult result, int status) {
  return result != RequestResult::answered || status >= 500;
}

}  // namespace

net::Awaitable<InferenceCall::Outcome> InferenceCall::forward() {
  Outcome outcome;
  std::optional<LiveCalls::Entry> live;
  net::UpstreamCall* current = nullptr;
  if (request_.call.stream) {
    live.emplace(gateway_.live_calls_, net::Server::current_loop(), caller_.key->id, [&] {
      cut_ = true;
      if (current != nullptr) current->cancel();
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
  exchange_.on_gone([&] {
    if (current != nullptr && !gateway_.settings_.drain_on_disconnect.load()) current->cancel();
  });

  for (std::size_t i = 0; i < candidates_.size(); ++i) {
    const auto& priced = candidates_[i];
    serving_ = &priced;
    usage_injected_ = must_ask_for_usage(priced);
    const auto body = body_for(priced);
    const auto head = upstream_request_head(
        exchange_.head(), *priced.ready, endpoint_.upstream_path, body.size());
    const bool last = i + 1 == candidates_.size();
    if (last && !usage_injected_) exchange_.drop_body();

    net::UpstreamCall call(exchange_.services().upstreams, priced.ready->target);
    current = &call;
    settlement_.attempts += 1;
    if (exchange_.is_gone() || cut_) {
      outcome.status = cut_ ? RowStatus::cut : RowStatus::client_gone;
      outcome.error_code = cut_ ? "key_revoked" : "";
      if (cut_) outcome.no = refuse_key(domain::Denial::key_revoked);
      current = nullptr;
      break;
    }
    const auto result = co_await call.request(head, body, gateway_.options_.first_byte_timeout);
    settlement_.connect_us = call.connect_us();
    const auto status = result == RequestResult::answered ? call.head().status : 0;
    if (is_trouble(result, status) && result != RequestResult::cancelled) {
      priced.ready->health->failed(
          result == RequestResult::answered ? "HTTP " + std::to_string(status) : call.problem(),
          gateway_.clock_.steady());
    } else if (result == RequestResult::answered) {
      priced.ready->health->succeeded();
    }
    const bool go_on = !last && result != RequestResult::cancelled &&
                       domain::may_try_next(attempt_result(result), status);
    if (!go_on) {
      if (result == RequestResult::answered) {
        outcome = co_await pass_reply(call);
      } else {
        outcome = no_reply(result, call);
      }
      current = nullptr;
      if (!outcome.ask_again) break;
      --i;
      continue;
    }
    current = nullptr;
  }
  exchange_.on_gone(nullptr);
  co_return outcome;
}

InferenceCall::Outcome InferenceCall::no_reply(RequestResult result,
                                               const net::UpstreamCall& call) {
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
