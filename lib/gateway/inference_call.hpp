#pragma once

#include "lib/domain/estimate.hpp"
#include "lib/domain/route.hpp"
#include "lib/gateway/attempts.hpp"
#include "lib/gateway/caller_rates.hpp"
#include "lib/gateway/charge.hpp"
#include "lib/gateway/choose.hpp"
#include "lib/gateway/endpoint.hpp"
#include "lib/gateway/gateway.hpp"
#include "lib/gateway/meter.hpp"
#include "lib/gateway/reply_body.hpp"
#include "lib/gateway/response_id.hpp"
#include "lib/gateway/soft_guard.hpp"
#include "lib/gateway/trace.hpp"
#include "lib/gateway/upload.hpp"
#include "lib/net/body_memory.hpp"
#include "lib/net/upstream_call.hpp"
#include "lib/openai/splice.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nufi::gateway {

/// One POST to an endpoint of the inference API, from the door to the ledger. run() reads top to
/// bottom as the stages of ARCHITECTURE.md; each stage either goes on or refuses.
///
/// Once a hold is taken, exactly one settlement follows on every way out (run() is the only place
/// that settles), and it is durable before the last byte of the answer goes out.
class InferenceCall {
 public:
  InferenceCall(Gateway& gateway, net::Exchange& exchange, const Endpoint& endpoint);

  net::Awaitable<void> run();

 private:
  /// What became of the call once it was held.
  struct Outcome {
    Ending ending = Ending::failed;
    domain::RowStatus status = domain::RowStatus::ok;
    std::string error_code;
    std::optional<No> no;    ///< the client gets this (nothing was sent to it yet)
    bool ask_again = false;  ///< the same upstream, without the option it does not know
  };

  // Stages, in order. Those that return a No have refused.
  net::Awaitable<std::optional<No>> read();
  net::Awaitable<std::optional<No>> read_json();
  net::Awaitable<std::optional<No>> read_form();
  /// Who made the response that this one goes on from: only that upstream has its conversation,
  /// and only the account that it was made for may go on.
  net::Awaitable<std::optional<No>> find_previous();
  std::optional<No> choose();
  net::Awaitable<std::optional<No>> hold();
  std::optional<No> enter(const ledger::HoldRequest& request);
  net::Awaitable<Outcome> forward();
  net::Awaitable<Outcome> pass_reply(net::UpstreamCall& call);
  net::Awaitable<Outcome> pass_pieces(net::UpstreamCall& call, ReplyBody& body);
  net::Awaitable<Outcome> pass_broken_off(bool client_there, bool timed_out);
  net::Awaitable<Outcome> pass_error_reply(net::UpstreamCall& call, ReplyBody& body);
  [[nodiscard]] No why_broken_off(bool timed_out) const;
  /// What the request asked for, for where the reply does not say what was used.
  [[nodiscard]] Asked asked() const;
  /// Notes the window that this stream of a soft key has used up, if it has.
  bool has_emptied_window(SoftGuard& guard);
  /// Notes whose the response is that this reply names, once it does.
  void note_response(std::string_view piece, bool is_stream);
  /// The call leaves a trace, if it is to.
  void begin_trace();
  /// 0 without a trace; what came since such a moment.
  [[nodiscard]] std::int64_t trace_now() const { return trace_ ? trace_->now_us() : 0; }
  void trace_span(std::string_view name, std::int64_t start_us);
  void trace_attempt(const Attempts& attempts,
                     std::int64_t start_us,
                     const net::UpstreamCall& call);
  void trace_settlement();
  void end_trace(const Outcome& outcome);
  void end_trace_refused(const No& no, const std::string& id);
  void hand_over_trace();

  /// Settles if that has not been done; the reply's last bytes must wait for it.
  net::Awaitable<void> settle_once(const Outcome& outcome);

  bool must_ask_for_usage(const Priced& priced) const;
  std::string body_for(const Priced& priced) const;
  net::Awaitable<net::RequestResult> send(net::UpstreamCall& call, const Priced& priced, bool last);
  /// Nobody else is sent the request's body: its memory is for others.
  void forget_body();
  Outcome no_upload() const;
  Ending ending_of(const Outcome& outcome) const;
  net::Reply reply_head(const net::UpstreamCall& call, const ReplyBody& body) const;
  void make_meter(const net::UpstreamCall& call, const ReplyBody& body);
  Outcome served() const;
  Outcome no_reply(net::RequestResult result, const net::UpstreamCall& call);

  Gateway& gateway_;
  net::Exchange& exchange_;
  const Endpoint& endpoint_;
  const SteadyTime started_;
  std::string id_;  ///< of the ledger row, once there is one
  Caller caller_;
  std::unique_ptr<CallTrace> trace_;  ///< null: it leaves none
  openai::Request request_;
  std::unique_ptr<Upload> upload_;          ///< of a call that comes as a form
  net::BodyMemory::Share sent_share_;       ///< for the body as body_for() makes it of the one read
  std::int64_t audio_ms_estimate_ = 0;      ///< length of the sound in it
  std::optional<domain::UpstreamId> only_;  ///< nobody else may take the call
  std::vector<Priced> candidates_;
  const Priced* serving_ = nullptr;
  std::int64_t prompt_estimate_ = 0;
  RatePass pass_;  ///< through the rate limits
  ledger::Held held_;
  std::optional<Meter> meter_;
  ResponseIdScan response_scan_;
  ledger::Settlement settlement_;
  bool settled_ = false;
  bool is_readable_ = true;  ///< the reply's coding is understood
  bool cut_ = false;
  std::optional<domain::WindowRefusal> emptied_;  ///< the window that this soft stream used up
  bool usage_injected_ = false;
};

}  // namespace nufi::gateway
