#include "lib/net/upstream_call.hpp"

#include "lib/net/upstream_connection.hpp"
#include "lib/net/upstream_pool.hpp"

#include <fmt/format.h>

#include <string>
#include <utility>

namespace nufi::net {
namespace {

std::int64_t microseconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start)
      .count();
}

}  // namespace

UpstreamCall::UpstreamCall(UpstreamPool& pool, std::shared_ptr<const Target> target)
    : pool_(pool), target_(std::move(target)), turn_timeout_(target_->turn_timeout) {}

UpstreamCall::~UpstreamCall() {
  if (connection_ && !cancelled_ && connection_->can_be_kept()) {
    pool_.give_back(std::move(connection_));
  }
}

void UpstreamCall::cancel() {
  cancelled_ = true;
  if (connection_) connection_->close();
  if (wait_) wait_->give_up();
}

Awaitable<RequestResult> UpstreamCall::request(std::string_view head,
                                               std::string_view body,
                                               std::chrono::milliseconds first_byte_timeout) {
  while (true) {
    const auto result = co_await attempt(head, body, first_byte_timeout);
    if (cancelled_) co_return RequestResult::cancelled;
    if (!untaken_) co_return result;
    // Every kept-alive connection may have been closed at once: go on until a fresh one has it.
    connection_.reset();
    head_ = {};
  }
}

Awaitable<RequestResult> UpstreamCall::open(bool must_be_fresh) {
  reused_ = false;
  ConnectionLimit::Place place;
  if (target_->limit) place = target_->limit->try_take();
  if (target_->limit && !place) {
    wait_ = std::make_unique<ConnectionLimit::Wait>(target_->limit, pool_);
    const auto asked = std::chrono::steady_clock::now();
    co_await wait_->wait(turn_timeout_);
    connect_times_.turn_us = microseconds_since(asked);
    const auto wait = std::move(wait_);
    if (cancelled_) co_return RequestResult::cancelled;
    connection_ = std::move(wait->connection);
    place = std::move(wait->place);
    if (connection_ && !must_be_fresh && connection_->is_quiet()) {
      reused_ = true;
      connect_us_ = 0;
      co_return RequestResult::answered;
    }
    if (connection_) place = connection_->close_for_another();
    if (!place) {
      problem_ = "all connections it may have are taken";
      co_return RequestResult::no_turn;
    }
  }
  connection_ = pool_.make(target_, std::move(place));
  connection_->limit(target_->connect_timeout);
  const auto start = std::chrono::steady_clock::now();
  problem_ = co_await connection_->connect();
  connect_us_ = microseconds_since(start);
  const auto turn_us = connect_times_.turn_us;
  connect_times_ = connection_->connect_times();
  connect_times_.turn_us = turn_us;
  if (cancelled_) co_return RequestResult::cancelled;
  co_return problem_.empty() ? RequestResult::answered : RequestResult::connect_failed;
}

Awaitable<RequestResult> UpstreamCall::attempt(std::string_view head,
                                               std::string_view body,
                                               std::chrono::milliseconds first_byte_timeout) {
  untaken_ = false;
  connection_ = pool_.take(*target_);
  reused_ = connection_ != nullptr;
  if (reused_) {
    connect_us_ = 0;
  } else {
    const auto opened = co_await open(/*must_be_fresh=*/false);
    if (opened != RequestResult::answered) co_return opened;
  }
  const auto acknowledged = reused_ ? connection_->acknowledged() : 0;

  connection_->limit(first_byte_timeout);
  const auto write_error = co_await connection_->write(head, body);
  if (cancelled_) co_return RequestResult::cancelled;
  if (connection_->timed_out()) {
    problem_ = "the upstream did not take the request in time";
    co_return RequestResult::timed_out;
  }
  // Even when the write failed there may be a reply: some servers refuse early and close.
  const auto result = co_await connection_->read_head(head_, problem_);
  if (cancelled_) co_return RequestResult::cancelled;
  switch (result) {
    case UpstreamConnection::HeadResult::whole:
      co_return RequestResult::answered;
    case UpstreamConnection::HeadResult::closed:
    case UpstreamConnection::HeadResult::reset: {
      if (connection_->timed_out()) {
        problem_ = "no reply in time";
        co_return RequestResult::timed_out;
      }
      if (write_error && problem_.empty()) problem_ = write_error.message();
      // A close in good order says what had been received before it. A reset does not: the
      // acknowledgement of what was read may have been on its way. Then only a request of which not
      // a byte went out was surely not taken.
      const bool in_order = result == UpstreamConnection::HeadResult::closed && !write_error;
      untaken_ = reused_ && (in_order || connection_->written() == 0) && acknowledged >= 0 &&
                 connection_->acknowledged() == acknowledged;
      co_return RequestResult::broken;
    }
    case UpstreamConnection::HeadResult::malformed:
      co_return connection_->timed_out() ? RequestResult::timed_out : RequestResult::broken;
  }
  co_return RequestResult::broken;
}

Awaitable<RequestResult> UpstreamCall::request(std::string_view head,
                                               BodySource& source,
                                               bool chunked,
                                               std::chrono::milliseconds take_timeout) {
  untaken_ = false;
  const auto opened = co_await open(/*must_be_fresh=*/true);
  if (opened != RequestResult::answered) co_return opened;
  connection_->limit(take_timeout);
  static_cast<void>(co_await connection_->write(head, {}));
  if (cancelled_) co_return RequestResult::cancelled;
  const auto unsent = co_await send_from(source, chunked, take_timeout);
  if (unsent) co_return *unsent;

  connection_->limit(take_timeout);
  const auto result = co_await connection_->read_head(head_, problem_);
  if (cancelled_) co_return RequestResult::cancelled;
  if (result == UpstreamConnection::HeadResult::whole) co_return RequestResult::answered;
  if (!connection_->timed_out()) co_return RequestResult::broken;
  problem_ = "no reply in time";
  co_return RequestResult::timed_out;
}

Awaitable<std::optional<RequestResult>> UpstreamCall::send_from(
    BodySource& source, bool chunked, std::chrono::milliseconds take_timeout) {
  bool first = true;
  bool end = false;
  bool is_read = true;
  while (!end && is_read) {
    connection_->limit(std::chrono::milliseconds(0));
    const auto piece = co_await next_of(source);
    if (cancelled_) co_return RequestResult::cancelled;
    if (piece.failed) {
      connection_->close();
      problem_ = "the request did not come to its end";
      co_return RequestResult::unfinished;
    }
    if (connection_->has_early_reply()) break;
    std::string framing;
    if (chunked && !piece.bytes.empty()) {
      framing = fmt::format("{}{:x}\r\n", first ? "" : "\r\n", piece.bytes.size());
      first = false;
    }
    connection_->limit(take_timeout);
    // Even when a write fails there may be a reply: some servers refuse early and close.
    auto error = co_await connection_->write(framing, piece.bytes, /*is_whole=*/false);
    is_read = !error && connection_->written() == framing.size() + piece.bytes.size();
    if (is_read && piece.end && chunked) {
      const std::string_view last = first ? "0\r\n\r\n" : "\r\n0\r\n\r\n";
      error = co_await connection_->write(last, {});
      is_read = !error && connection_->written() == last.size();
    }
    if (cancelled_) co_return RequestResult::cancelled;
    if (connection_->timed_out()) {
      problem_ = "the upstream did not take the request in time";
      co_return RequestResult::timed_out;
    }
    end = piece.end && is_read;
  }
  if (!end) connection_->leave_request_unfinished();
  co_return std::nullopt;
}

Awaitable<BodySource::Piece> UpstreamCall::next_of(BodySource& source) {
  connection_->watch_for_reply([&source] { source.interrupt(); });
  auto piece = co_await source.next();
  connection_->stop_watching();
  co_return piece;
}

bool UpstreamCall::timed_out() const {
  return connection_ && connection_->timed_out();
}

void UpstreamCall::be_patient() {
  connection_->limit(std::chrono::milliseconds::zero());
}

Awaitable<BodyPiece> UpstreamCall::read_body(std::chrono::milliseconds idle_timeout) {
  connection_->limit(idle_timeout);
  return connection_->read_body();
}

}  // namespace nufi::net
