#pragma once

// HTTP/1.1 is parsed by Boost.Beast's basic_parser; these are its sinks. What the parser lets pass
// although a strict server must not is checked by HeadCheck.

#include "lib/net/asio.hpp"
#include "lib/net/head.hpp"

#include <boost/beast/http/basic_parser.hpp>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::net {

namespace http = boost::beast::http;

inline std::string_view to_std(boost::beast::string_view text) {
  return {text.data(), text.size()};
}

/// Position behind the empty line that ends a head, npos if it is not whole yet. `from`: how far
/// was looked before.
std::size_t find_head_end(std::string_view bytes, std::size_t from);

/// Looks at the raw bytes of a request head while they come, each byte once.
class HeadCheck {
 public:
  /// `bytes`: the head as far as it is here, and what follows it. "" or what is wrong: a line feed
  /// without carriage return or the other way round, a folded line, a control character, an empty
  /// line or one without a version (HTTP/0.9) in the place of the request line.
  std::string_view look(std::string_view bytes);

 private:
  std::size_t at_ = 0;  ///< how far was looked
  bool in_first_line_ = true;
  bool line_is_empty_ = true;
  bool ended_ = false;
};

/// The path and query of a target in absolute form ("http://host/path"), if its host is `host`, the
/// one of the Host field; std::nullopt for anything else.
std::optional<std::string> path_of_absolute(std::string_view target, std::string_view host);

/// Common to both sinks: body bytes are moved to the front of the buffer they are parsed from (what
/// is decoded is never longer than what is read), so that a piece is handed on without a copy.
template <bool isRequest>
class Sink : public http::basic_parser<isRequest> {
 public:
  Sink() {
    this->eager(true);
    this->body_limit(boost::none);
    this->header_limit(64 * 1024);
  }

  /// Parses as put() does; how much was consumed. The body's bytes then stand at the front.
  std::size_t put_body(char* bytes, std::size_t size, ErrorCode& error) {
    body_ = bytes;
    body_size_ = 0;
    // Between chunks: no less can be their end, and when "0\r\n" comes byte by byte the parser
    // (Boost 1.81) asserts that it is not asked about 4 bytes.
    constexpr std::size_t kLastChunk = 5;
    if (this->chunked() && chunk_rest_ == 0 && size < kLastChunk) {
      error = http::error::need_more;
      return 0;
    }
    return this->put(asio::buffer(bytes, size), error);
  }
  /// Body bytes of the last put_body().
  [[nodiscard]] std::size_t body_size() const { return body_size_; }
  [[nodiscard]] bool head_done() const { return head_done_; }

 protected:
  using View = boost::beast::string_view;

  void on_header_impl(ErrorCode&) override { head_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, ErrorCode&) override {}
  std::size_t on_body_impl(View bytes, ErrorCode&) override { return keep(bytes); }
  void on_chunk_header_impl(std::uint64_t size, View, ErrorCode&) override { chunk_rest_ = size; }
  std::size_t on_chunk_body_impl(std::uint64_t rest, View bytes, ErrorCode&) override {
    chunk_rest_ = rest - bytes.size();
    return keep(bytes);
  }
  void on_finish_impl(ErrorCode&) override {}

 private:
  std::size_t keep(View bytes) {
    std::memmove(body_ + body_size_, bytes.data(), bytes.size());
    body_size_ += bytes.size();
    return bytes.size();
  }

  char* body_ = nullptr;
  std::size_t body_size_ = 0;
  std::uint64_t chunk_rest_ = 0;  ///< bytes that the chunk still has
  bool head_done_ = false;
};

class RequestSink final : public Sink<true> {
 public:
  explicit RequestSink(RequestHead& head) : head_(head) {}

 private:
  void on_request_impl(http::verb, View method, View target, int version, ErrorCode&) override {
    head_.version = version;
    head_.method = to_std(method);
    head_.target = to_std(target);
  }
  void on_response_impl(int, View, int, ErrorCode&) override {}
  // Trailers come here too; they are not part of the head and are dropped.
  void on_field_impl(http::field, View name, View value, ErrorCode&) override {
    if (!head_done()) head_.fields.add(to_std(name), to_std(value));
  }

  RequestHead& head_;
};

class ReplySink final : public Sink<false> {
 public:
  explicit ReplySink(ReplyHead& head) : head_(head) {}

 private:
  void on_request_impl(http::verb, View, View, int, ErrorCode&) override {}
  void on_response_impl(int status, View, int, ErrorCode&) override { head_.status = status; }
  void on_field_impl(http::field, View name, View value, ErrorCode&) override {
    if (!head_done()) head_.fields.add(to_std(name), to_std(value));
  }

  ReplyHead& head_;
};

}  // namespace nufi::net
