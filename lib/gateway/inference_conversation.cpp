// Responses that upstreams keep: which call goes on from one, and whose the new one is.

#include "lib/gateway/inference_call.hpp"

#include <utility>

namespace nufi::gateway {

net::Awaitable<std::optional<No>> InferenceCall::find_previous() {
  if (request_.names_conversation) {
    // There is no way through us to make one, so we can't know whose it is: every account shares
    // the upstream's secret, and whoever learns of its name could read it.
    co_return refuse_invalid("invalid_value",
                             "A stored conversation can't be used through nufi, which does not "
                             "know whose it is. Go on with previous_response_id instead.",
                             "conversation");
  }
  const auto& id = request_.previous_response_id;
  if (id.empty()) co_return std::nullopt;
  const auto answer = co_await gateway_.owners_.find(exchange_, id);
  if (!answer.problem.empty()) co_return refuse_unreadable(answer.problem);
  if (!answer.owner || answer.owner->account != caller_.key->account) {
    co_return refuse_previous_response(id);
  }
  if (!caller_.world->ready.contains(answer.owner->upstream)) {
    auto no = refuse_previous_response(id);
    no.error.message += kUpstreamRemoved;
    co_return no;
  }
  only_ = answer.owner->upstream;
  co_return std::nullopt;
}

void InferenceCall::note_response(std::string_view piece, bool is_stream) {
  if (endpoint_.form != openai::Form::responses || request_.refuses_storing || settled_) return;
  const auto id = response_scan_.feed(piece, is_stream);
  if (!id) return;
  const auto& upstream = serving_->candidate.upstream->id;
  gateway_.owners_.note(*id, {caller_.key->account, upstream});
  settlement_.response_id = *id;
  settlement_.response_upstream = upstream;
}

}  // namespace nufi::gateway
