#include "lib/gateway/upload.hpp"

#include <utility>

namespace nufi::gateway {
namespace {

/// So much of a body is collected before the rest may pass on: enough to see what a file is, and
/// whatever is no longer than this is collected whole.
constexpr std::size_t kCollected = 256 * 1024;

}  // namespace

std::optional<No> refuse_unread(net::BodyRead read, std::uint64_t most) {
  switch (read) {
    case net::BodyRead::whole:
      break;
    case net::BodyRead::too_large:
      return refuse_too_large(most);
    case net::BodyRead::malformed:
      return refuse_invalid("invalid_body", "The request's body is not framed as HTTP/1.1 asks.");
    case net::BodyRead::too_slow:
      return refuse_slow_body();
    case net::BodyRead::crowded:
      return refuse_crowded();
    case net::BodyRead::gone:
      return refuse_invalid("client_gone", "The client hung up.");
  }
  return {};
}

Upload::Upload(net::Exchange& exchange,
               openai::Form form,
               std::string_view boundary,
               std::uint64_t most,
               CallTrace* trace)
    : exchange_(exchange),
      form_(form, boundary),
      most_(most),
      trace_(trace),
      known_share_(exchange.services().body_memory),
      sent_share_(exchange.services().body_memory) {}

/// Why the call can't go on with this piece, if it can't.
std::optional<No> Upload::take(const net::UploadPiece& piece) {
  if (piece.read != net::BodyRead::whole) return refuse_unread(piece.read, most_);
  if (trace_ != nullptr) trace_->add_request(piece.bytes);
  if (form_.feed(piece.bytes) && (!piece.end || form_.end())) return {};
  auto bad = form_.problem();
  return refuse_invalid(std::move(bad.code), std::move(bad.message), std::move(bad.param));
}

net::Awaitable<std::optional<No>> Upload::read(bool may_pass_on) {
  const auto length = exchange_.body_length();
  while (!whole_) {
    const auto piece = co_await exchange_.read_body_piece(most_);
    auto no = take(piece);
    if (no) co_return no;
    if (!known_share_.make_room(known_, piece.bytes.size(), length.value_or(most_))) {
      co_return refuse_crowded();
    }
    known_ += piece.bytes;
    whole_ = piece.end;
    if (may_pass_on && known_.size() >= kCollected && form_.may_pass_on()) break;
  }
  if (!sent_share_.grow_to(known_.size())) co_return refuse_crowded();
  reading_ = form_.reading(whole_ ? 0 : length.value_or(most_) - known_.size());
  if (!whole_) form_.pass_on();
  co_return std::nullopt;
}

openai::FormReading Upload::reading() const {
  return reading_;
}

std::string Upload::known_with(std::string_view model) const {
  if (model == reading_.request.call.model) return known_;
  return openai::splice_form(known_, reading_.request, model);
}

void Upload::forget() {
  std::string().swap(known_);
  known_share_.give_back();
}

void Upload::forget_sent() {
  std::string().swap(beginning_);
  sent_share_.give_back();
}

void Upload::begin(std::string_view model) {
  beginning_ = known_with(model);
  begun_ = false;
}

std::optional<std::uint64_t> Upload::length_with(std::string_view model) const {
  const auto length = exchange_.body_length();
  if (!length) return std::nullopt;
  return *length - reading_.request.call.model.size() + model.size();
}

net::Awaitable<net::BodySource::Piece> Upload::next() {
  if (!std::exchange(begun_, true)) {
    form_sent_ = form_.is_closed();
    co_return Piece{beginning_, false, false};
  }
  // From here on nothing is kept.
  passed_on_ = true;
  forget();
  forget_sent();
  const auto piece = co_await exchange_.read_body_piece(most_);
  no_ = take(piece);
  if (no_) co_return Piece{{}, false, true};
  form_sent_ = form_.is_closed();
  co_return Piece{piece.bytes, piece.end, false};
}

}  // namespace nufi::gateway
