#include "lib/gateway/reply_body.hpp"

#include "lib/base/text.hpp"

namespace nufi::gateway {
namespace {

constexpr int kMostInARow = 8;

}  // namespace

ReplyBody::ReplyBody(net::UpstreamCall& call, net::Loop& loop) : call_(call), loop_(loop) {
  const auto& fields = call.head().fields;
  const auto count = fields.count("content-encoding");
  const auto coding = fields.find("content-encoding");
  if (count == 0 || (count == 1 && (coding.empty() || equals_ignoring_case(coding, "identity")))) {
    return;
  }
  if (count > 1) {
    readable_ = false;
  } else if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip")) {
    inflater_.emplace(Inflater::Coding::gzip);
  } else if (equals_ignoring_case(coding, "deflate")) {
    inflater_.emplace(Inflater::Coding::deflate);
  } else {
    readable_ = false;
  }
}

net::Awaitable<net::BodyPiece> ReplyBody::read(std::chrono::milliseconds idle_timeout) {
  // No coroutine of its own where there is nothing to undo: this runs once a chunk.
  if (!inflater_) return call_.read_body(idle_timeout);
  return read_coded(idle_timeout);
}

net::Awaitable<net::BodyPiece> ReplyBody::read_coded(std::chrono::milliseconds idle_timeout) {
  net::BodyPiece decoded;
  // A little may unpack to so much that nobody else on the loop would have a turn.
  if (++in_a_row_ > kMostInARow) {
    in_a_row_ = 0;
    net::Signal turn(loop_);
    turn.notify();
    co_await turn.wait();
  }
  while (true) {
    decoded.bytes = inflater_->next();
    decoded.broken = inflater_->is_broken() || inflater_->given() > kMostDecoded;
    if (decoded.broken || !decoded.bytes.empty()) co_return decoded;
    if (over_) {
      decoded.end = inflater_->is_complete() || !fed_;
      decoded.broken = !decoded.end;
      co_return decoded;
    }
    const auto piece = co_await call_.read_body(idle_timeout);
    if (piece.broken) co_return piece;
    over_ = piece.end;
    fed_ = fed_ || !piece.bytes.empty();
    inflater_->feed(piece.bytes);
  }
}

}  // namespace nufi::gateway
