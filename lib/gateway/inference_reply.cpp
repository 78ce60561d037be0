// The reply as it passes: metered, settled before its last bytes.

#include "lib/base/text.hpp"
#include "lib/gateway/headers.hpp"
#include "lib/gateway/inference_call.hpp"
#include "lib/gateway/rate_reply.hpp"

#include <utility>

namespace nufi::gateway {
namespace {

using namespace std::chrono_literals;
using domain::RowStatus;

/// After the end marker an upstream should close the body; a client must not wait for one that
/// won't.
constexpr std::chrono::milliseconds kAfterDone = 2s;
/// The most of an error reply that is looked at before it passes.
constexpr std::size_t kErrorLookahead = 16'384;

std::int64_t microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

bool makes_text(openai::Form form) {
  using openai::Form;
  return form == Form::chat || form == Form::completions || form == Form::responses ||
         form == Form::messages;
}

/// How the reply says it is to be read.
Meter::Kind reply_kind(const Endpoint& endpoint, const net::Fields& fields) {
  const auto type = to_lower(fields.find("content-type"));
  if (type.starts_with("text/event-stream")) return Meter::Kind::stream;
  // Sound, and transcripts as text or captions.
  const bool is_json = type.find("json") != type.npos;
  const bool is_other =
      endpoint.form == openai::Form::speech || endpoint.form == openai::Form::transcriptions;
  return is_other && !is_json ? Meter::Kind::opaque : Meter::Kind::plain;
}

/// What it costs is known without its reply.
bool is_counted_by_request(openai::Form form) {
  return form == openai::Form::speech || form == openai::Form::images ||
         form == openai::Form::image_edits;
}

std::optional<std::uint64_t> length_of(const net::Fields& fields) {
  const auto given = parse_integer(fields.find("content-length"));
  if (!given || *given < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*given);
}

}  // namespace

net::Reply InferenceCall::reply_head(const net::UpstreamCall& call, const ReplyBody& body) const {
  net::Reply reply;
  reply.status = call.head().status;
  const auto rates = rate_fields(caller_, gateway_.limiter_);
  pass_reply_fields(call.head().fields, reply.fields, rates.empty(), body.is_decoded());
  for (const auto& [name, value] : rates) reply.fields.add(name, value);
  if (call.head().fields.count("x-request-id") == 0) reply.fields.add("x-request-id", id_);
  const bool as_message = speaks_messages(exchange_.head().path());
  if (as_message && call.head().fields.count("request-id") == 0) {
    reply.fields.add("request-id", id_);
  }
  reply.fields.add("x-nufi-request-id", id_);
  reply.fields.add("x-nufi-upstream", serving_->candidate.upstream->name);
  if (held_.ask.clamped_output) {
    reply.fields.add("x-nufi-max-tokens", std::to_string(*held_.ask.clamped_output));
  }
  return reply;
}

net::Awaitable<InferenceCall::Outcome> InferenceCall::pass_reply(net::UpstreamCall& call) {
  const auto status = call.head().status;
  settlement_.first_byte_us = microseconds(started_, gateway_.clock_.steady());
  settlement_.http_status = status;
  if (trace_) {
    trace_->begin_reply(std::string(call.head().fields.find("content-type")),
                        serving_->candidate.upstream->name);
  }
  Outcome outcome;
  outcome.status = RowStatus::upstream_error;
  if (status == 401 || status == 403) {
    outcome.error_code = "upstream_auth_failed";
    outcome.no = refuse_upstream_auth(serving_->candidate.upstream->name, status);
    co_return outcome;
  }
  if (status >= 300 && status < 400) {
    outcome.error_code = "upstream_error";
    outcome.no = refuse_upstream_redirect(serving_->candidate.upstream->name);
    co_return outcome;
  }
  ReplyBody body(call, exchange_.services().loop);
  if (status >= 400) co_return co_await pass_error_reply(call, body);
  forget_body();
  make_meter(call, body);
  co_return co_await pass_pieces(call, body);
}

net::Awaitable<InferenceCall::Outcome> InferenceCall::pass_error_reply(net::UpstreamCall& call,
                                                                       ReplyBody& coded) {
  // As it is: status, fields and body. It costs nothing, so only the settlement must come first.
  Outcome outcome;
  outcome.status = call.head().status < 500 ? RowStatus::client_error : RowStatus::upstream_error;
  outcome.error_code = "upstream_" + std::to_string(call.head().status);
  std::string body;
  net::BodyPiece piece;
  do {
    piece = co_await coded.read(gateway_.options_.idle_timeout);
    if (trace_) trace_->add_reply(piece.bytes);
    body += piece.bytes;
  } while (!piece.end && !piece.broken && body.size() < kErrorLookahead);

  // An upstream that does not know the option we added: it is remembered and asked again without.
  // A refused request was not billed.
  if (usage_injected_ && (call.head().status == 400 || call.head().status == 422) &&
      body.find("stream_options") != std::string::npos) {
    serving_->ready->refuses_stream_options->store(true);
    outcome.ask_again = true;
    co_return outcome;
  }
  const auto reply = reply_head(call, coded);
  co_await settle_once(outcome);
  if (piece.end || piece.broken) {
    co_await exchange_.send(reply, body);
    co_return outcome;
  }
  bool open = co_await exchange_.start(reply, std::nullopt);
  if (open) open = co_await exchange_.write(body);
  while (open && !piece.end && !piece.broken) {
    piece = co_await coded.read(gateway_.options_.idle_timeout);
    if (trace_) trace_->add_reply(piece.bytes);
    open = co_await exchange_.write(piece.bytes);
  }
  if (open && piece.end) co_await exchange_.finish({});
  co_return outcome;
}

/// A reply that came to its end, or to its end marker.
InferenceCall::Outcome InferenceCall::served() const {
  Outcome outcome;
  outcome.ending = Ending::served;
  if (!is_readable_ && !is_counted_by_request(endpoint_.form)) {
    // What it says it used can't be read, and nothing else bounds it but the hold.
    outcome.ending = Ending::unseen;
    outcome.error_code = "usage_unreadable";
    return outcome;
  }
  if (!meter_->failed() && !meter_->is_blank()) return outcome;
  outcome.status = RowStatus::upstream_error;
  outcome.error_code = "upstream_error";
  if (!meter_->has_content() && meter_->usage_kind() == Meter::UsageKind::missing) {
    outcome.ending = Ending::failed;
  }
  return outcome;
}

void InferenceCall::make_meter(const net::UpstreamCall& call, const ReplyBody& body) {
  is_readable_ = body.is_readable();
  Meter::Options options;
  options.form = endpoint_.form;
  options.drop_usage_event = usage_injected_;
  options.watch_tier = request_.tier_asked;
  options.stream_asked = request_.call.stream;
  options.pictures_asked = request_.call.image_bound;
  const auto kind = is_readable_ ? reply_kind(endpoint_, call.head().fields) : Meter::Kind::opaque;
  meter_.emplace(kind, options);
}

net::Awaitable<InferenceCall::Outcome> InferenceCall::pass_pieces(net::UpstreamCall& call,
                                                                  ReplyBody& body) {
  const auto reply = reply_head(call, body);
  SoftGuard guard(
      [&ledger = gateway_.ledger_](const auto& window) { return ledger.window(window); }, caller_);
  bool client_there = true;
  while (true) {
    const auto timeout = meter_->done() ? kAfterDone : gateway_.options_.idle_timeout;
    const auto piece = co_await body.read(timeout);
    if (piece.broken) break;
    if (trace_) trace_->add_reply(piece.bytes);
    const auto out = meter_->feed(piece.bytes);
    if (piece.end) meter_->end();
    const bool is_stream = meter_->kind() == Meter::Kind::stream;
    note_response(piece.bytes, is_stream);
    if (piece.end && !is_stream) {
      // A plain reply's last bytes wait for the settlement.
      const auto outcome = served();
      co_await settle_once(outcome);
      if (client_there && exchange_.started()) {
        co_await exchange_.finish(out);
      } else if (client_there) {
        co_await exchange_.send(reply, out);
      }
      co_return outcome;
    }
    if (client_there && !exchange_.started()) {
      // A stream may lose its usage event, or end in an event of ours: its length is not known.
      const bool has_length = !is_stream && !meter_->is_blank() && !body.is_decoded();
      const auto length = has_length ? length_of(call.head().fields) : std::nullopt;
      client_there = co_await exchange_.start(reply, length);
    }
    if (client_there && !out.empty() && !exchange_.try_write(out)) {
      call.be_patient();
      const auto blocked = trace_now();
      client_there = co_await exchange_.write(out);
      if (trace_) trace_->add_blocked(blocked);
    }
    if (!settled_ && (meter_->done() || piece.end)) {
      const auto outcome = served();
      co_await settle_once(outcome);
      if (client_there && !piece.end) client_there = co_await exchange_.write(meter_->release());
    }
    if (piece.end) {
      if (client_there) co_await exchange_.finish(meter_->rest());
      co_return served();
    }
    if (!client_there && !gateway_.settings_.drain_on_disconnect.load()) break;
    if (is_stream && !settled_ && has_emptied_window(guard)) {
      call.cancel();
      break;
    }
  }
  co_return co_await pass_broken_off(client_there, call.timed_out());
}

bool InferenceCall::has_emptied_window(SoftGuard& guard) {
  if (!guard.watches()) return false;
  emptied_ = guard.empty_window(used_so_far(*meter_, held_.ask, asked()), serving_->pricing);
  return emptied_.has_value();
}

No InferenceCall::why_broken_off(bool timed_out) const {
  if (cut_) {
    auto no = refuse_key(domain::Denial::key_revoked);
    no.error.message = "This API key was revoked while the stream ran.";
    return no;
  }
  if (emptied_) {
    return refuse_hold(caller_, *emptied_, gateway_.clock_.now(), gateway_.options_.budget_status);
  }
  const auto who = "The upstream '" + serving_->candidate.upstream->name + "' ";
  if (timed_out) {
    return refuse_upstream(
        504, "upstream_timeout", who + "fell silent in the middle of its reply.");
  }
  return refuse_upstream(502, "upstream_error", who + "broke off in the middle of its reply.");
}

/// It ended before its end. What has passed is charged.
net::Awaitable<InferenceCall::Outcome> InferenceCall::pass_broken_off(bool client_there,
                                                                      bool timed_out) {
  const bool is_stream = meter_->kind() == Meter::Kind::stream;
  Outcome outcome;
  outcome.ending = Ending::cut_short;
  if (settled_) {
    // Only the silence behind the end marker is missing.
    if (client_there && !exchange_.is_gone()) co_await exchange_.finish(meter_->rest());
    co_return outcome;
  }
  meter_->end();
  const bool is_known = meter_->knows_output();
  // Before the first word a model may have thought at length, which nothing has counted.
  const bool is_hidden =
      is_stream && makes_text(endpoint_.form) && !is_known && !meter_->has_visible_text();
  if (is_hidden) outcome.ending = Ending::unseen;
  if (cut_) {
    outcome.status = RowStatus::cut;
    outcome.error_code = "key_revoked";
  } else if (emptied_) {
    outcome.status = RowStatus::cut;
    outcome.error_code = "insufficient_quota";
  } else if (exchange_.is_gone() || !client_there) {
    outcome.status = RowStatus::client_gone;
    // A plain reply that was on its way had been billed in full; what is spoken is known anyway.
    const bool is_spoken = endpoint_.form == openai::Form::speech;
    if (!is_stream && !is_known && !is_spoken) outcome.ending = Ending::unseen;
  } else {
    outcome.status = RowStatus::upstream_error;
    outcome.error_code = timed_out ? "upstream_timeout" : "upstream_error";
    outcome.ending = meter_->has_content() ? Ending::cut_short : Ending::failed;
  }
  auto no = why_broken_off(timed_out);
  if (trace_) trace_->facts().error = no.error.message;
  if (!exchange_.started()) settlement_.http_status = no.error.status;
  co_await settle_once(outcome);
  if (exchange_.is_gone() || !client_there) co_return outcome;
  if (!exchange_.started()) {
    outcome.no = std::move(no);
  } else if (is_stream) {
    exchange_.close_after();
    std::string last(meter_->rest());
    if (!last.empty() && !last.ends_with("\n\n")) last += "\n\n";
    last += error_event(no.error, speaks_messages(exchange_.head().path()), id_);
    co_await exchange_.finish(last);
  } else {
    exchange_.close_after();  // a plain reply without its end: the closed connection says so
  }
  co_return outcome;
}

}  // namespace nufi::gateway
