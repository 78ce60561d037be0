#include "lib/net/upstream_connection.hpp"

#include "lib/net/tcp_state.hpp"
#include "lib/net/tls_native.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace nufi::net {
namespace {

constexpr std::size_t kFirstBuffer = 4096;
constexpr std::size_t kLargestBuffer = 64 * 1024;
constexpr std::size_t kHeadLimit = 64 * 1024;
/// From here on a request over TLS may not fit into what the kernel takes at once.
constexpr std::size_t kWatchedOverTls = 64 * 1024;
constexpr std::string_view kInterimReply = "HTTP/1.1 1";

}  // namespace

UpstreamConnection::UpstreamConnection(Loop& loop,
                                       Resolver& resolver,
                                       std::shared_ptr<const Target> target,
                                       ConnectionLimit::Place place)
    : loop_(loop),
      resolver_(resolver),
      target_(std::move(target)),
      place_(std::move(place)),
      socket_(loop.context()),
      deadline_(loop, [this] {
        timed_out_ = true;
        close();
      }) {}

void UpstreamConnection::limit(std::chrono::milliseconds time) {
  if (time.count() > 0) {
    deadline_.set(time);
  } else {
    deadline_.clear();
  }
}

void UpstreamConnection::close() {
  open_ = false;
  closed_ = true;
  ErrorCode ignored;
  socket_.close(ignored);
  if (question_) question_->give_up();
}

ConnectionLimit::Place UpstreamConnection::close_for_another() {
  close();
  return std::move(place_);
}

Awaitable<ErrorCode> UpstreamConnection::write(std::string_view head,
                                               std::string_view body,
                                               bool is_whole) {
  const std::array<asio::const_buffer, 2> parts = {asio::buffer(head.data(), head.size()),
                                                   asio::buffer(body.data(), body.size())};
  const auto total = head.size() + body.size();
  ErrorCode error;
  written_ = 0;
  whole_request_ = false;
  if (tls_) co_return co_await write_tls(parts, is_whole && total >= kWatchedOverTls);
  bool watch_for_reply = true;
  while (written_ < total) {
    auto rest = parts;
    auto skip = written_;
    for (auto& part : rest) {
      const auto cut = std::min(skip, part.size());
      part += cut;
      skip -= cut;
    }
    written_ += socket_.write_some(rest, error);
    if (error != asio::error::would_block) {
      if (error) co_return error;
      continue;
    }
    error = {};
    const auto replied = co_await wait_writable(watch_for_reply, error);
    if (error) co_return error;
    if (!replied) continue;
    // A server that refuses early may never read the rest. Interim replies promise that it will.
    if (!is_interim_reply(socket_.native_handle())) co_return error;
    watch_for_reply = false;
  }
  whole_request_ = true;
  co_return error;
}

Awaitable<ErrorCode> UpstreamConnection::write_tls(std::array<asio::const_buffer, 2> parts,
                                                   bool watch_for_reply) {
  if (watch_for_reply) begin_early_read();
  ErrorCode error;
  if (!early_) {
    written_ = co_await asio::async_write(*tls_, parts, into(error));
    whole_request_ = !error;
    co_return error;
  }
  // A piece at a time: a reply that comes between two of them has nothing to cancel.
  for (auto& part : parts) {
    while (part.size() > 0 && !error && !early_->stops) {
      const auto size = co_await tls_->async_write_some(asio::buffer(part), into(error));
      part += size;
      written_ += size;
    }
  }
  whole_request_ = !error && parts[1].size() == 0;
  if (closed_) {
    if (early_->pending) co_await early_->done.wait();
    early_.reset();
  } else if (early_->stops) {
    error = {};
  }
  co_return error;
}

void UpstreamConnection::begin_early_read() {
  begin_ = end_ = decoded_ = 0;
  early_.emplace(EarlyRead());
  tls_->async_read_some(make_room(), [this](ErrorCode error, std::size_t size) {
    early_->pending = false;
    early_->error = error;
    early_->size = size;
    const std::string_view bytes(buffer_.get(), size);
    early_->stops = size > 0 && !bytes.starts_with(kInterimReply) && !whole_request_;
    ErrorCode ignored;
    // The record that is on its way is lost, and with it the connection for further calls.
    if (early_->stops && !closed_) socket_.cancel(ignored);
    early_->done.fire();
  });
}

Awaitable<bool> UpstreamConnection::wait_writable(bool watch_for_reply, ErrorCode& error) {
  struct Watch {
    Socket* socket = nullptr;  ///< null once nobody waits
    bool replied = false;
  };
  const auto watch = std::make_shared<Watch>();
  watch->socket = &socket_;
  if (watch_for_reply) {
    socket_.async_wait(Socket::wait_read, [watch](ErrorCode failure) {
      if (failure || watch->socket == nullptr) return;
      watch->replied = true;
      ErrorCode ignored;
      watch->socket->cancel(ignored);
    });
  }
  co_await socket_.async_wait(Socket::wait_write, into(error));
  watch->socket = nullptr;
  if (watch->replied) {
    if (error == asio::error::operation_aborted && !closed_) error = {};
  } else if (!closed_) {
    ErrorCode ignored;
    socket_.cancel(ignored);
  }
  co_return watch->replied;
}

void UpstreamConnection::watch_for_reply(std::function<void()> replied) {
  if (tls_ || is_interim_reply(socket_.native_handle())) return;
  watcher_ = std::make_shared<std::function<void()>>(std::move(replied));
  socket_.async_wait(Socket::wait_read, [watcher = watcher_](ErrorCode error) {
    if (!error && *watcher) std::exchange(*watcher, nullptr)();
  });
}

void UpstreamConnection::stop_watching() {
  if (!watcher_) return;
  *watcher_ = nullptr;
  watcher_.reset();
  ErrorCode ignored;
  if (!closed_) socket_.cancel(ignored);
}

bool UpstreamConnection::has_early_reply() const {
  return !tls_ && !is_quiet() && !is_interim_reply(const_cast<Socket&>(socket_).native_handle());
}

asio::mutable_buffer UpstreamConnection::make_room() {
  if (!buffer_) {
    buffer_ = std::make_unique<char[]>(kFirstBuffer);
    capacity_ = kFirstBuffer;
  }
  // What is not parsed yet moves to the front; a full buffer grows.
  const bool was_full = end_ == capacity_;
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (was_full && capacity_ < kLargestBuffer) {
    auto larger = std::make_unique<char[]>(capacity_ * 4);
    std::memcpy(larger.get(), buffer_.get(), end_);
    buffer_ = std::move(larger);
    capacity_ *= 4;
  }
  return asio::buffer(buffer_.get() + end_, capacity_ - end_);
}

bool UpstreamConnection::parse_buffered(ErrorCode& error) {
  std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = parser_->put_body(buffer_.get(), end_, error);
  decoded_ = parser_->body_size();
  if (error == http::error::need_more) error = {};
  return !error;
}

Awaitable<UpstreamConnection::HeadResult> UpstreamConnection::read_head(ReplyHead& head,
                                                                        std::string& problem) {
  if (!early_) begin_ = end_ = decoded_ = 0;
  broken_ = false;
  parser_.emplace(head);
  std::size_t looked = 0;
  while (true) {
    const std::string_view bytes(buffer_.get() + begin_, end_ - begin_);
    if (find_head_end(bytes, looked) == std::string_view::npos) {
      looked = bytes.size();
      if (bytes.size() >= kHeadLimit) {
        problem = "the reply's head is too long";
        co_return HeadResult::malformed;
      }
      ErrorCode error;
      std::size_t size = 0;
      if (early_) {
        if (early_->pending) co_await early_->done.wait();
        size = early_->size;
        error = early_->error;
        early_.reset();
      } else if (tls_) {
        size = co_await tls_->async_read_some(make_room(), into(error));
      } else {
        size = co_await socket_.async_read_some(make_room(), into(error));
      }
      end_ += size;
      if (error == asio::error::eof || error == asio::error::connection_reset ||
          error == asio::error::broken_pipe || error == asio::ssl::error::stream_truncated ||
          error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
        problem = end_ > 0 ? "the connection closed in the middle of the reply's head"
                           : "the connection closed without a reply";
        if (end_ > 0) co_return HeadResult::malformed;
        co_return error == asio::error::connection_reset ? HeadResult::reset : HeadResult::closed;
      }
      if (error) {
        problem = error.message();
        co_return HeadResult::malformed;
      }
      continue;
    }
    ErrorCode error;
    if (!parse_buffered(error)) {
      // What is wrong stands behind the head: what came before it has been said.
      broken_ = parser_->head_done() && head.status >= 200;
      if (broken_) co_return HeadResult::whole;
      problem = "the reply is not HTTP/1.1: " + error.message();
      co_return HeadResult::malformed;
    }
    if (head.status == 101) {
      problem = "the upstream switched protocols";
      co_return HeadResult::malformed;
    }
    if (head.status >= 200) co_return HeadResult::whole;
    // An interim reply: the final one follows.
    head = {};
    looked = 0;
    parser_.emplace(head);
  }
}

Awaitable<BodyPiece> UpstreamConnection::read_body() {
  while (true) {
    if (decoded_ > 0) {
      const std::string_view bytes(buffer_.get(), std::exchange(decoded_, 0));
      co_return BodyPiece{bytes, parser_->is_done(), false};
    }
    if (broken_) co_return BodyPiece{{}, false, true};
    if (parser_->is_done()) co_return BodyPiece{{}, true, false};
    // No helper coroutine here: this runs once a chunk.
    const auto room = make_room();
    if (room.size() == 0) co_return BodyPiece{{}, false, true};
    ErrorCode error;
    std::size_t size = 0;
    if (tls_) {
      size = co_await tls_->async_read_some(room, into(error));
    } else {
      size = co_await socket_.async_read_some(room, into(error));
    }
    end_ += size;
    if (error == asio::error::eof && parser_->need_eof()) {
      error = {};
      parser_->put_eof(error);
      co_return BodyPiece{{}, !error, static_cast<bool>(error)};
    }
    broken_ = error || !parse_buffered(error);
  }
}

bool UpstreamConnection::can_be_kept() const {
  return open_ && whole_request_ && parser_ && parser_->is_done() && parser_->keep_alive() &&
         begin_ == end_;
}

bool UpstreamConnection::is_quiet() const {
  // The native handle has no const accessor.
  return net::is_quiet(const_cast<Socket&>(socket_).native_handle());
}

std::int64_t UpstreamConnection::acknowledged() const {
  return bytes_acknowledged(const_cast<Socket&>(socket_).native_handle());
}

}  // namespace nufi::net
