#include "lib/net/upstream_call.hpp"

#include "lib/net/upstream_connection.hpp"
#include "lib/net/upstream_pool.hpp"

#include <utility>

namespace nufi::net {

UpstreamCall::UpstreamCall(UpstreamPool& pool, std::shared_ptr<const Target> target)
    : pool_(pool), target_(std::move(target)) {}

UpstreamCall::~UpstreamCall() {
  if (connection_ && !cancelled_ && connection_->can_be_kept()) {
    pool_.give_back(std::move(connection_));
  }
}

void UpstreamCall::cancel() {
  cancelled_ = true;
  if (connection_) connection_->close();
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

Awaitable<RequestResult> UpstreamCall::attempt(std::string_view head,
                                               std::string_view body,
                                               std::chrono::milliseconds first_byte_timeout) {
  untaken_ = false;
  connection_ = pool_.take(*target_);
  reused_ = connection_ != nullptr;
  std::int64_t acknowledged = 0;
  if (reused_) {
    connect_us_ = 0;
    acknowledged = connection_->acknowledged();
  } else {
    connection_ = pool_.make(target_);
    connection_->limit(target_->connect_timeout);
    const auto start = std::chrono::steady_clock::now();
    problem_ = co_await connection_->connect();
    connect_us_ = std::chrono::duration_cast<std::chrono::microseconds>(
                      std::chrono::steady_clock::now() - start)
                      .count();
    if (cancelled_) co_return RequestResult::cancelled;
    if (!problem_.empty()) co_return RequestResult::connect_failed;
  }

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

Awaitable<BodyPiece> UpstreamCall::read_body(std::chrono::milliseconds idle_timeout) {
  connection_->limit(idle_timeout);
  return connection_->read_body();
}

}  // namespace nufi::net
