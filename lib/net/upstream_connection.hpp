#pragma once

#include "lib/net/asio.hpp"
#include "lib/net/loop.hpp"
#include "lib/net/parse.hpp"
#include "lib/net/upstream_call.hpp"

#include <boost/asio/ssl/stream.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::net {

/// A connection to an upstream, plain or TLS, and the parser of what it sends. One owner, one loop.
class UpstreamConnection {
 public:
  UpstreamConnection(Loop& loop, std::shared_ptr<const Target> target);

  /// Resolves, connects, shakes hands. "" or why not.
  Awaitable<std::string> connect();

  /// Writes head and body; the error of the first write that failed. Without TLS it stops, without
  /// an error, when the reply comes before the request was taken.
  Awaitable<ErrorCode> write(std::string_view head, std::string_view body);
  /// How many bytes the latest write() has got rid of.
  [[nodiscard]] std::size_t written() const { return written_; }

  /// closed: in good order, before any byte of a reply; reset: the same, but broken off.
  enum class HeadResult { whole, closed, reset, malformed };
  /// Reads the next final reply head (1xx are passed over).
  Awaitable<HeadResult> read_head(ReplyHead& head, std::string& problem);
  Awaitable<BodyPiece> read_body();

  /// Everything above fails at once from now on.
  void close();
  /// Time by which the current operation must end; then it is closed. Zero = no limit.
  void limit(std::chrono::milliseconds time);
  [[nodiscard]] bool timed_out() const { return timed_out_; }

  /// The reply was read to its end and the connection may carry another.
  [[nodiscard]] bool can_be_kept() const;
  [[nodiscard]] bool is_quiet() const;
  [[nodiscard]] std::int64_t acknowledged() const;
  [[nodiscard]] const std::shared_ptr<const Target>& target() const { return target_; }

  std::chrono::steady_clock::time_point idle_since;

 private:
  using TlsStream = asio::ssl::stream<Socket&>;

  /// Waits until more can be written; true if the reply came before.
  Awaitable<bool> wait_writable(bool watch_for_reply, ErrorCode& error);
  /// Where the next bytes go; empty if a single element of the reply fills the largest buffer.
  asio::mutable_buffer make_room();
  bool parse_buffered(ErrorCode& error);

  std::shared_ptr<const Target> target_;
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  Deadline deadline_;
  bool timed_out_ = false;
  bool open_ = false;
  bool closed_ = false;  ///< by close()
  bool whole_request_ = false;
  std::size_t written_ = 0;

  std::optional<ReplySink> parser_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;    ///< first byte not parsed
  std::size_t end_ = 0;      ///< behind the last byte read
  std::size_t decoded_ = 0;  ///< body bytes at the front of the buffer, not handed out yet
};

}  // namespace nufi::net
