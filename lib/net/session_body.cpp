// The body of a request as a session reads it: whole, or in pieces that somebody else takes.

#include "lib/base/text.hpp"
#include "lib/net/session.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace nufi::net {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kUploadBuffer = 64 * 1024;
/// A body longer than this is an upload.
constexpr std::uint64_t kSmallBody = 2048;
/// What chunks may spend on sizes, extensions and trailers: so much, and so much per byte of body.
/// A byte in a chunk of its own takes 5; who spends more wants nothing but our time.
constexpr std::uint64_t kFraming = 16 * 1024;
constexpr std::uint64_t kFramingPerByte = 16;

}  // namespace

bool Session::parse_body(std::uint64_t most, BodyRead& result) {
  ErrorCode error;
  char* const from = buffer_.get() + begin_;
  const auto consumed = parser_->put_body(from, end_ - begin_, error);
  begin_ += consumed;
  carried_ += parser_->body_size();
  framing_ += consumed - parser_->body_size();
  if (carried_ > most) {
    result = BodyRead::too_large;
    return false;
  }
  const auto whole = parser_->content_length().value_or(most);
  if (!body_share_.make_room(body_, parser_->body_size(), whole)) {
    result = BodyRead::crowded;
    return false;
  }
  body_.append(from, parser_->body_size());
  const bool is_wasteful = framing_ > kFraming + kFramingPerByte * carried_;
  if ((error && error != http::error::need_more) || is_wasteful) {
    result = BodyRead::malformed;
    return false;
  }
  return true;
}

Awaitable<BodyRead> Session::begin_body(std::uint64_t most) {
  body_begun_ = true;
  timed_out_ = false;
  carried_ = framing_ = 0;
  body_waited_ = {};
  parser_->eager(true);
  const auto length = parser_->content_length();
  if (length && *length > most) co_return BodyRead::too_large;
  if (!parser_->is_done() && equals_ignoring_case(head_.fields.find("expect"), "100-continue") &&
      begin_ == end_) {
    if (!co_await write_all("HTTP/1.1 100 Continue\r\n\r\n")) co_return BodyRead::gone;
  }
  co_return BodyRead::whole;
}

Awaitable<BodyRead> Session::read_more_body(std::uint64_t most) {
  auto result = BodyRead::whole;
  const auto before = carried_;
  while (!parser_->is_done() && carried_ == before && !interrupted_) {
    if (begin_ != end_) {
      const auto from = begin_;
      if (!parse_body(most, result)) co_return result;
      if (parser_->is_done() || carried_ != before) break;
      if (begin_ != from && begin_ != end_) continue;
    }
    // A large upload deserves a larger buffer; what is not consumed moves along.
    if (capacity_ < kUploadBuffer && (carried_ > kSmallBody || end_ - begin_ == capacity_) &&
        !reading_) {
      auto larger = std::make_unique<char[]>(kUploadBuffer);
      std::memcpy(larger.get(), buffer_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      capacity_ = kUploadBuffer;
      buffer_ = std::move(larger);
    }
    if (end_ - begin_ == capacity_) co_return BodyRead::malformed;  // a chunk's head that long
    const auto allowed = home_.options.body_grace +
                         std::chrono::milliseconds(carried_ * 1000 / home_.options.body_speed);
    const auto since = std::chrono::steady_clock::now();
    deadline_.set(std::max<std::chrono::steady_clock::duration>(allowed - body_waited_, 1ms));
    const bool came = co_await more_input();
    body_waited_ += std::chrono::steady_clock::now() - since;
    if (!came && !interrupted_) {
      result = timed_out_ ? BodyRead::too_slow : BodyRead::gone;
      if (timed_out_) gone_ = false;
      co_return result;
    }
  }
  co_return result;
}

void Session::end_body(BodyRead result) {
  deadline_.clear();
  if (capacity_ > kSmallBody && begin_ == end_ && !reading_) {
    buffer_.reset();
    capacity_ = begin_ = end_ = 0;
  }
  if (result != BodyRead::whole) close_after_ = true;
}

Awaitable<BodyRead> Session::read_body(std::uint64_t most) {
  body_.clear();
  auto result = co_await begin_body(most);
  // Most bodies came along with the head: then nothing is awaited.
  if (result == BodyRead::whole && !parser_->is_done() && begin_ != end_) {
    static_cast<void>(parse_body(most, result));
  }
  while (result == BodyRead::whole && !parser_->is_done()) {
    result = co_await read_more_body(most);
  }
  end_body(result);
  if (result != BodyRead::whole) drop_body();
  co_return result;
}

std::optional<std::uint64_t> Session::body_length() const {
  const auto length = parser_->content_length();
  if (length) return *length;
  if (parser_->is_done()) return 0;
  return std::nullopt;
}

Awaitable<UploadPiece> Session::read_body_piece(std::uint64_t most) {
  // The bytes are handed out from body_: the buffer is written to while the caller has them.
  body_.clear();
  auto result = BodyRead::whole;
  if (!body_begun_) result = co_await begin_body(most);
  if (result == BodyRead::whole) result = co_await read_more_body(most);
  interrupted_ = false;
  deadline_.clear();
  const bool end = result == BodyRead::whole && parser_->is_done();
  if (end || result != BodyRead::whole) end_body(result);
  co_return UploadPiece{body_, end, result};
}

void Session::interrupt_body() {
  interrupted_ = true;
  if (body_begun_ && input_.is_awaited()) input_.fire();
}

void Session::drop_body() {
  std::string().swap(body_);
  body_share_.give_back();
}

}  // namespace nufi::net
