#include "lib/net/session.hpp"

#include "lib/base/text.hpp"

#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>
#include <cstring>
#include <utility>

namespace nufi::net {
namespace {

using namespace std::chrono_literals;

/// Holds the requests most clients send; one that is longer gets a larger buffer.
constexpr std::size_t kBuffer = 2048;
/// How long a client may go on sending what we will not read, so that it sees why.
constexpr auto kLinger = 2s;
/// Some clients send an empty line behind a body (RFC 9112 §2.2): so many are passed over.
constexpr int kEmptyLines = 2;
std::string address_of(const asio::ip::tcp::endpoint& endpoint) {
  auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

}  // namespace

Session::Session(SessionHome& home, Socket socket)
    : home_(home),
      socket_(std::move(socket)),
      deadline_(home.loop,
                [this] {
                  timed_out_ = true;
                  ErrorCode ignored;
                  socket_.cancel(ignored);
                }),
      body_share_(home.body_memory) {
  ErrorCode ignored;
  client_ip_ = address_of(socket_.remote_endpoint(ignored));
  local_ip_ = address_of(socket_.local_endpoint(ignored));
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);
  home_.sessions.insert(this);
  home_.connections->fetch_add(1);
}

Session::~Session() {
  home_.sessions.erase(this);
  home_.connections->fetch_sub(1);
}

void Session::start_reading() {
  if (reading_ || gone_) return;
  if (begin_ == end_) begin_ = end_ = 0;
  if (!buffer_) {
    buffer_ = std::make_unique<char[]>(kBuffer);
    capacity_ = kBuffer;
  }
  if (end_ == capacity_ && begin_ > 0) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_) return;  // full: whoever needs more makes room first
  reading_ = true;
  socket_.async_read_some(asio::buffer(buffer_.get() + end_, capacity_ - end_),
                          [self = shared_from_this()](ErrorCode error, std::size_t size) {
                            self->on_read(error, size);
                          });
}

void Session::on_read(ErrorCode error, std::size_t size) {
  reading_ = false;
  end_ += size;
  if (error && !(error == asio::error::operation_aborted && !timed_out_)) gone_ = true;
  if (input_.is_awaited()) return input_.fire();
  if (!in_call_ || !gone_callback_) return;
  if (gone_) {
    std::exchange(gone_callback_, nullptr)();
  } else if (!error) {
    start_reading();  // a pipelined request came: go on watching for the client to leave
  }
}

Awaitable<bool> Session::more_input() {
  if (gone_) co_return false;
  const auto before = end_ - begin_;
  while (end_ - begin_ == before && !gone_ && !interrupted_) {
    start_reading();
    co_await input_.wait();
  }
  co_return end_ - begin_ != before;
}

void Session::on_gone(std::function<void()> callback) {
  gone_callback_ = std::move(callback);
  start_reading();
  if (gone_ && gone_callback_) std::exchange(gone_callback_, nullptr)();
}

Awaitable<Session::HeadRead> Session::read_head() {
  head_.clear();
  extra_fields_.clear();
  std::size_t looked = 0;
  int empty_lines = 0;
  bool waits_for_first = false;
  bool waits_for_rest = false;
  timed_out_ = false;
  HeadCheck check;
  std::size_t head_end = 0;
  while (true) {
    const std::string_view bytes(buffer_.get() + begin_, end_ - begin_);
    if (empty_lines < kEmptyLines && bytes.starts_with("\r\n")) {
      begin_ += 2;
      ++empty_lines;
      looked = 0;
      check = {};
      continue;
    }
    if (const auto problem = check.look(bytes); !problem.empty()) {
      co_await refuse(400, "bad_request", std::string(problem));
      co_return HeadRead::refused;
    }
    head_end = find_head_end(bytes, looked);
    looked = bytes.size();
    if (head_end > home_.options.max_head && looked > home_.options.max_head) {
      co_await refuse(431, "headers_too_large", "the request's head is longer than 64 kB");
      co_return HeadRead::refused;
    }
    if (head_end != std::string_view::npos) break;
    if (bytes.find("\r\n") == std::string_view::npos &&
        bytes.size() > home_.options.max_target + 64) {
      co_await refuse(414, "uri_too_long", "the request's target is longer than 8 kB");
      co_return HeadRead::refused;
    }
    if (end_ - begin_ == capacity_ && capacity_ > 0) {
      auto larger = std::make_unique<char[]>(capacity_ * 4);
      std::memcpy(larger.get(), buffer_.get() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
      capacity_ *= 4;
      buffer_ = std::move(larger);
    }
    if (!bytes.empty() && !waits_for_rest) {
      waits_for_rest = true;
      deadline_.set(home_.options.head_time);
    } else if (bytes.empty() && !waits_for_first) {
      waits_for_first = true;
      deadline_.set(home_.options.idle_time);
    }
    if (!co_await more_input()) {
      if (timed_out_ && waits_for_rest) {
        gone_ = false;
        co_await refuse(408, "request_timeout", "the request's head took too long");
        co_return HeadRead::refused;
      }
      co_return HeadRead::closed;
    }
  }
  deadline_.clear();

  parser_.emplace(head_);
  parser_->eager(false);
  ErrorCode error;
  begin_ += parser_->put(asio::buffer(buffer_.get() + begin_, head_end), error);
  if (error == http::error::need_more) error = {};
  if (error || !parser_->is_header_done()) {
    const int status = error == http::error::header_limit ? 431 : 400;
    co_await refuse(status, "bad_request", "not a valid HTTP/1.1 request: " + error.message());
    co_return HeadRead::refused;
  }
  head_.keep_alive = parser_->keep_alive();
  if (auto path = path_of_absolute(head_.target, head_.fields.find("host"))) {
    head_.target = std::move(*path);
  }
  if (auto refusal = check_request()) {
    co_await refuse(refusal->status, refusal->code, refusal->message);
    co_return HeadRead::refused;
  }
  co_return HeadRead::whole;
}

std::optional<Refusal> Session::check_request() const {
  const auto& fields = head_.fields;
  if (fields.size() > home_.options.max_fields) {
    return Refusal{431, "headers_too_large", "more than 100 header fields"};
  }
  if (head_.target.size() > home_.options.max_target) {
    return Refusal{414, "uri_too_long", "the request's target is longer than 8 kB"};
  }
  if (!head_.target.starts_with('/') || head_.target.find('#') != std::string::npos) {
    return Refusal{400, "bad_request", "the request's target must be a path"};
  }
  if (fields.count("host") != 1) {
    return Refusal{400, "bad_request", "the request must have one Host field"};
  }
  if (fields.count("content-length") > 1 ||
      (fields.count("content-length") == 1 && fields.count("transfer-encoding") > 0)) {
    return Refusal{400, "bad_request", "the length of the body is given twice"};
  }
  const auto length = fields.find("content-length");
  if (fields.count("content-length") == 1 &&
      (length.empty() || length.find_first_not_of("0123456789") != std::string_view::npos)) {
    return Refusal{400, "bad_request", "Content-Length must be one number"};
  }
  if (head_.version < 11 && fields.count("transfer-encoding") > 0) {
    return Refusal{400, "bad_request", "HTTP/1.0 has no transfer encodings"};
  }
  const auto coding = fields.find("transfer-encoding");
  if (fields.count("transfer-encoding") > 1 ||
      (fields.count("transfer-encoding") == 1 && !equals_ignoring_case(coding, "chunked"))) {
    return Refusal{400, "bad_request", "the only transfer encoding understood is chunked"};
  }
  return std::nullopt;
}

std::string Session::head_text(const Reply& reply, std::string_view framing) const {
  std::string text;
  text.reserve(512);
  text += "HTTP/1.1 ";
  text += std::to_string(reply.status);
  text += ' ';
  text += reason_of(reply.status);
  text += "\r\n";
  for (std::size_t i = 0; i < reply.fields.size(); ++i) {
    const auto field = reply.fields.at(i);
    text += field.name;
    text += ": ";
    text += field.value;
    text += "\r\n";
  }
  for (std::size_t i = 0; i < extra_fields_.size(); ++i) {
    const auto field = extra_fields_.at(i);
    text += field.name;
    text += ": ";
    text += field.value;
    text += "\r\n";
  }
  text += framing;
  if (close_after_ || !head_.keep_alive || home_.draining) {
    text += "Connection: close\r\n";
  }
  text += "\r\n";
  return text;
}

std::size_t Session::write_now(const std::array<asio::const_buffer, 3>& parts, ErrorCode& error) {
  const auto sent = socket_.write_some(parts, error);
  if (error != asio::error::would_block) return sent;
  error = {};
  return 0;
}

Awaitable<bool> Session::write_all(std::string_view first,
                                   std::string_view second,
                                   std::string_view third,
                                   std::size_t sent) {
  std::array<asio::const_buffer, 3> parts = {asio::buffer(first.data(), first.size()),
                                             asio::buffer(second.data(), second.size()),
                                             asio::buffer(third.data(), third.size())};
  const auto total = first.size() + second.size() + third.size();
  // Nearly always the kernel takes all of it at once: no suspension then.
  ErrorCode error;
  if (sent == 0) sent = write_now(parts, error);
  while (!error && sent < total) {
    auto skip = sent;
    auto rest = parts;
    for (auto& part : rest) {
      const auto cut = std::min(skip, part.size());
      part += cut;
      skip -= cut;
    }
    timed_out_ = false;
    deadline_.set(home_.options.write_time);
    sent += co_await socket_.async_write_some(rest, into(error));
    deadline_.clear();
    if (error == asio::error::operation_aborted && timed_out_) break;
  }
  if (error) gone_ = true;
  co_return !error;
}

Awaitable<bool> Session::send(const Reply& reply, std::string_view body) {
  started_ = true;
  if (parser_ && !parser_->is_done()) close_after_ = true;
  const auto text = head_text(
      reply,
      reply.status == 204 ? std::string() : fmt::format("Content-Length: {}\r\n", body.size()));
  whole_ = co_await write_all(text, head_.method == "HEAD" ? std::string_view{} : body);
  co_return whole_;
}

Awaitable<bool> Session::start(const Reply& reply, std::optional<std::uint64_t> length) {
  started_ = true;
  if (parser_ && !parser_->is_done()) close_after_ = true;
  // HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
  chunked_ = !length && head_.version >= 11;
  if (!length && !chunked_) close_after_ = true;
  std::string framing;
  if (length) framing = fmt::format("Content-Length: {}\r\n", *length);
  if (chunked_) framing = "Transfer-Encoding: chunked\r\n";
  const auto text = head_text(reply, framing);
  co_return co_await write_all(text);
}

bool Session::try_write(std::string_view bytes) {
  tried_ = 0;
  if (gone_) return false;
  if (bytes.empty()) return true;
  std::array<char, 20> size{};
  std::size_t framing = 0;
  std::string_view end;
  if (chunked_) {
    framing = fmt::format_to_n(size.data(), size.size(), "{:x}\r\n", bytes.size()).size;
    end = "\r\n";
  }
  ErrorCode error;
  tried_ = write_now({asio::buffer(size.data(), framing),
                      asio::buffer(bytes.data(), bytes.size()),
                      asio::buffer(end.data(), end.size())},
                     error);
  if (error) gone_ = true;
  const bool whole = tried_ == framing + bytes.size() + end.size();
  if (whole) tried_ = 0;
  return whole;
}

Awaitable<bool> Session::write(std::string_view bytes) {
  const auto tried = std::exchange(tried_, 0);
  if (gone_) co_return false;
  if (bytes.empty()) co_return true;
  if (!chunked_) co_return co_await write_all(bytes, {}, {}, tried);
  std::array<char, 20> size{};
  const auto end = fmt::format_to_n(size.data(), size.size(), "{:x}\r\n", bytes.size()).size;
  co_return co_await write_all({size.data(), end}, bytes, "\r\n", tried);
}

Awaitable<bool> Session::finish(std::string_view bytes) {
  if (!chunked_) {
    whole_ = co_await write_all(bytes);
  } else if (bytes.empty()) {
    whole_ = co_await write_all("0\r\n\r\n");
  } else {
    std::array<char, 20> size{};
    const auto end = fmt::format_to_n(size.data(), size.size(), "{:x}\r\n", bytes.size()).size;
    whole_ = co_await write_all({size.data(), end}, bytes, "\r\n0\r\n\r\n");
  }
  co_return whole_;
}

Awaitable<void> Session::refuse(int status, std::string code, std::string message) {
  close_after_ = true;
  Reply reply;
  reply.status = status;
  reply.fields.add("Content-Type", "application/json");
  const Refusal refusal{status, std::move(code), std::move(message)};
  const auto body = home_.refusal_body(refusal);
  co_await send(reply, body);
}

Awaitable<void> Session::close_gently() {
  // Closing with input unread resets the connection, and the reply may be lost with it.
  ErrorCode ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  timed_out_ = false;
  deadline_.set(kLinger);
  while (!gone_ && !timed_out_) {
    if (!reading_) begin_ = end_ = 0;
    if (!co_await more_input()) break;
  }
  deadline_.clear();
  socket_.close(ignored);
}

Awaitable<void> Session::run(std::shared_ptr<Session> self) {
  auto& home = self->home_;
  while (!home.draining) {
    self->in_call_ = self->started_ = self->chunked_ = self->whole_ = false;
    self->body_begun_ = self->interrupted_ = false;
    const auto read = co_await self->read_head();
    if (read != HeadRead::whole) break;
    self->in_call_ = true;
    co_await home.handler(*self);
    self->gone_callback_ = nullptr;
    self->in_call_ = self->interrupted_ = false;
    self->drop_body();
    // A body that was not read can't be told from the next request.
    if (!self->parser_->is_done() || !self->whole_ || self->close_after_ ||
        !self->head_.keep_alive || self->gone_)
      break;
  }
  if (self->started_ && !self->gone_) co_await self->close_gently();
  self->abort();
}

void Session::drain() {
  if (in_call_) return;
  abort();
}

void Session::abort() {
  ErrorCode ignored;
  socket_.close(ignored);
  gone_ = true;
  if (gone_callback_) std::exchange(gone_callback_, nullptr)();
}

}  // namespace nufi::net
