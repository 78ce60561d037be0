#include "lib/gateway/response_call.hpp"

#include "lib/base/text.hpp"
#include "lib/gateway/admit.hpp"
#include "lib/gateway/choose.hpp"
#include "lib/gateway/headers.hpp"
#include "lib/gateway/rate_reply.hpp"
#include "lib/net/server.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace nufi::gateway {
namespace {

using net::RequestResult;

constexpr std::string_view kResponses = "/v1/responses/";
/// These requests have no body, and none is passed on.
constexpr std::uint64_t kMostBody = 65'536;
/// Endpoints of OpenAI's own where an id would stand. They are none here, so they are not known.
constexpr std::array<std::string_view, 2> kNoIds = {"compact", "input_tokens"};

bool takes(std::string_view allowed, std::string_view method) {
  for (const auto& each : split(allowed, ',')) {
    if (trim(each) == method) return true;
  }
  return false;
}

bool is_event_stream(const net::Fields& fields) {
  return to_lower(fields.find("content-type")).starts_with("text/event-stream");
}

}  // namespace

std::optional<ResponsePath> find_response_path(std::string_view path) {
  if (!path.starts_with(kResponses)) return std::nullopt;
  path.remove_prefix(kResponses.size());
  const auto slash = path.find('/');
  const auto id = path.substr(0, slash);
  if (id.empty() || std::find(kNoIds.begin(), kNoIds.end(), id) != kNoIds.end()) {
    return std::nullopt;
  }
  if (slash == std::string_view::npos) return ResponsePath{id, "GET, DELETE"};
  const auto what = path.substr(slash + 1);
  if (what == "cancel") return ResponsePath{id, "POST"};
  if (what == "input_items") return ResponsePath{id, "GET"};
  return std::nullopt;
}

ResponseCall::ResponseCall(Gateway& gateway, net::Exchange& exchange, const ResponsePath& path)
    : gateway_(gateway),
      exchange_(exchange),
      id_(path.id),
      allowed_(path.allowed),
      request_id_(unrecorded_id()) {}

net::Awaitable<void> ResponseCall::run() {
  auto no = co_await admit();
  if (!no) no = co_await find_upstream();
  if (!no) no = co_await forward();
  exchange_.on_gone(nullptr);
  if (no && !exchange_.is_gone()) co_await send_no(exchange_, std::move(*no), request_id_);
}

net::Awaitable<std::optional<No>> ResponseCall::admit() {
  const auto& method = exchange_.head().method;
  if (!takes(allowed_, method)) co_return refuse_method(method, allowed_);
  auto identified = identify(exchange_, gateway_.directory(), gateway_.even_clock().now());
  if (auto* no = std::get_if<No>(&identified)) co_return std::move(*no);
  caller_ = std::move(std::get<Caller>(identified));
  if (gateway_.settings().draining.load()) co_return refuse_draining();
  switch (co_await exchange_.read_body(kMostBody)) {
    case net::BodyRead::whole:
      break;
    case net::BodyRead::too_large:
      co_return refuse_too_large(kMostBody);
    case net::BodyRead::malformed:
      co_return refuse_invalid("invalid_body",
                               "The request's body is not framed as HTTP/1.1 asks.");
    case net::BodyRead::too_slow:
      co_return refuse_slow_body();
    case net::BodyRead::crowded:
      co_return refuse_crowded();
    case net::BodyRead::gone:
      co_return refuse_invalid("client_gone", "The client hung up.");
  }
  co_return std::nullopt;
}

net::Awaitable<std::optional<No>> ResponseCall::find_upstream() {
  const auto answer = co_await gateway_.owners_.find(exchange_, id_);
  if (!answer.problem.empty()) co_return refuse_unreadable(answer.problem);
  // Whose it is must not show: a foreign one is none.
  if (!answer.owner || answer.owner->account != caller_.key->account) {
    co_return refuse_response_not_found(id_);
  }
  const auto ready = caller_.world->ready.find(answer.owner->upstream);
  if (ready == caller_.world->ready.end()) {
    auto no = refuse_response_not_found(id_);
    no.error.message += kUpstreamRemoved;
    co_return no;
  }
  upstream_ = &ready->second;
  if (!upstream_->problem.empty()) {
    co_return refuse_upstream(
        502, "upstream_error", "The upstream can't be used: " + upstream_->problem);
  }
  co_return std::nullopt;
}

net::Awaitable<std::optional<No>> ResponseCall::forward() {
  const auto path = exchange_.head().path().substr(std::string_view("/v1").size());
  const auto head = upstream_request_head(exchange_.head(), *upstream_, path, /*body_size=*/0);
  net::UpstreamCall call(exchange_.services().upstreams, upstream_->target);
  // A stream may run for long, so a revoke must find it; whatever else it cuts is over at once.
  const LiveCalls::Entry live(
      gateway_.live_calls(), net::Server::current_loop(), caller_.key->id, [&] {
        cut_ = true;
        call.cancel();
      });
  // It may have been revoked while its owner was looked up.
  auto identified = identify(exchange_, gateway_.directory(), gateway_.even_clock().now());
  if (auto* no = std::get_if<No>(&identified)) co_return std::move(*no);
  exchange_.on_gone([&call] { call.cancel(); });
  const auto result = co_await call.request(head, {}, gateway_.options_.first_byte_timeout);
  std::optional<No> no;
  if (result == RequestResult::answered) {
    no = co_await pass_reply(call);
  } else {
    no = why_failed(result, call);
  }
  exchange_.on_gone(nullptr);
  co_return no;
}

No ResponseCall::why_failed(RequestResult result, const net::UpstreamCall& call) const {
  if (cut_) return refuse_key(domain::Denial::key_revoked);
  const auto& name = upstream_->upstream->name;
  if (result == RequestResult::timed_out) {
    return refuse_upstream(
        504, "upstream_timeout", "The upstream '" + name + "' is too slow: " + call.problem());
  }
  if (result == RequestResult::no_turn) {
    return refuse_unavailable("overloaded",
                              "The upstream '" + name + "' has as many connections as it may have.",
                              std::chrono::seconds(1));
  }
  return refuse_upstream(
      502, "upstream_error", "The upstream '" + name + "' failed: " + call.problem());
}

No ResponseCall::why_broken_off() const {
  if (cut_) {
    auto no = refuse_key(domain::Denial::key_revoked);
    no.error.message = "This API key was revoked while the stream ran.";
    return no;
  }
  return refuse_upstream(
      502,
      "upstream_error",
      "The upstream '" + upstream_->upstream->name + "' broke off in the middle of its reply.");
}

net::Awaitable<std::optional<No>> ResponseCall::pass_reply(net::UpstreamCall& call) {
  const auto status = call.head().status;
  const auto& name = upstream_->upstream->name;
  if (status == 401 || status == 403) co_return refuse_upstream_auth(name, status);
  if (status >= 300 && status < 400) co_return refuse_upstream_redirect(name);

  ReplyBody body(call, exchange_.services().loop);
  net::Reply reply;
  reply.status = status;
  const auto rates = rate_fields(caller_, gateway_.limiter());
  pass_reply_fields(call.head().fields, reply.fields, rates.empty(), body.is_decoded());
  for (const auto& [field, value] : rates) reply.fields.add(field, value);
  if (call.head().fields.count("x-request-id") == 0) {
    reply.fields.add("x-request-id", request_id_);
  }
  reply.fields.add("x-nufi-upstream", name);

  // Before the client has the answer: who then asks again is told that there is none.
  if (exchange_.head().method == "DELETE" && status < 300) {
    co_await gateway_.owners_.forget(exchange_, id_);
  }
  co_await pass_pieces(call, body, std::move(reply));
  if (exchange_.started() || exchange_.is_gone()) co_return std::nullopt;
  co_return why_broken_off();
}

net::Awaitable<void> ResponseCall::pass_pieces(net::UpstreamCall& call,
                                               ReplyBody& body,
                                               net::Reply reply) {
  while (true) {
    const auto piece = co_await body.read(gateway_.options_.idle_timeout);
    if (piece.broken) break;
    if (piece.end && !exchange_.started()) {
      co_await exchange_.send(reply, piece.bytes);
      co_return;
    }
    if (!exchange_.started()) {
      const bool is_open = co_await exchange_.start(reply, std::nullopt);
      if (!is_open) co_return;
    }
    if (piece.end) {
      co_await exchange_.finish(piece.bytes);
      co_return;
    }
    if (exchange_.try_write(piece.bytes)) continue;
    // How slow a client is says nothing of the upstream.
    call.be_patient();
    const bool is_there = co_await exchange_.write(piece.bytes);
    if (!is_there) co_return;
  }
  if (!exchange_.started() || exchange_.is_gone()) co_return;
  exchange_.close_after();
  // A plain reply without its end: the closed connection says so.
  const bool is_stream = is_event_stream(call.head().fields);
  if (is_stream) co_await exchange_.finish("\n\n" + error_event(why_broken_off().error));
}

}  // namespace nufi::gateway
