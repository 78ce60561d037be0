#pragma once

#include "lib/net/asio.hpp"
#include "lib/net/loop.hpp"
#include "lib/net/parse.hpp"
#include "lib/net/resolver.hpp"
#include "lib/net/resume.hpp"
#include "lib/net/upstream_call.hpp"

#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace nufi::net {

/// A connection to an upstream, plain or TLS, and the parser of what it sends. One owner, one loop.
class UpstreamConnection {
 public:
  /// `place` is what the target's limit gave for it, if there is one.
  UpstreamConnection(Loop& loop,
                     Resolver& resolver,
                     std::shared_ptr<const Target> target,
                     ConnectionLimit::Place place);

  /// Finds the address, connects, opens the tunnel, shakes hands. "" or why not, in words that say
  /// how far it came.
  Awaitable<std::string> connect();
  /// What its steps took, as far as it came.
  [[nodiscard]] const ConnectTimes& connect_times() const { return times_; }

  /// Writes head and body; the error of the first write that failed. It stops, without an error,
  /// when the reply comes before the request was taken: over TLS only in a large request that is
  /// whole
  /// (`is_whole`), not in a piece of one.
  Awaitable<ErrorCode> write(std::string_view head, std::string_view body, bool is_whole = true);
  /// How many bytes the latest write() has got rid of.
  [[nodiscard]] std::size_t written() const { return written_; }

  /// More of the request would follow: what write() sent is not the whole of it.
  void leave_request_unfinished() { whole_request_ = false; }
  /// Calls `replied` once, when a reply begins while the request is being sent; not over TLS, whose
  /// own messages can't be told from one, and not behind an interim reply, which promises that the
  /// rest is read. Until stop_watching(); meanwhile nothing else may be done here.
  void watch_for_reply(std::function<void()> replied);
  void stop_watching();
  /// A reply has begun, though the request is not whole.
  [[nodiscard]] bool has_early_reply() const;

  /// closed: in good order, before any byte of a reply; reset: the same, but broken off.
  enum class HeadResult { whole, closed, reset, malformed };
  /// Reads the next final reply head (1xx are passed over).
  Awaitable<HeadResult> read_head(ReplyHead& head, std::string& problem);
  Awaitable<BodyPiece> read_body();

  /// Everything above fails at once from now on.
  void close();
  /// The same; its place is for another connection.
  ConnectionLimit::Place close_for_another();
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
  /// Tells how long each step of several took.
  class Lap {
   public:
    /// Microseconds since the last call of this.
    std::int64_t us() {
      const auto before = std::exchange(last_, std::chrono::steady_clock::now());
      return std::chrono::duration_cast<std::chrono::microseconds>(last_ - before).count();
    }

   private:
    std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
  };
  using TlsStream = asio::ssl::stream<Socket&>;

  Awaitable<std::string> find_addresses(const std::string& host,
                                        std::vector<asio::ip::address>& addresses);
  /// A TCP connection to one of the addresses of `host`.
  Awaitable<std::string> reach(const std::string& host, std::uint16_t port, Lap& lap);
  /// Asks the proxy at the other end for a way to the target.
  Awaitable<std::string> open_tunnel(const Tunnel& tunnel);
  Awaitable<std::string> shake_hands();

  /// A read over TLS that runs while the request is being sent: its records can't be told from a
  /// reply before they are opened. Nothing here may be destroyed while it is pending.
  struct EarlyRead {
    bool pending = true;
    bool stops = false;  ///< it is a reply, and the rest of the request is not wanted
    ErrorCode error;
    std::size_t size = 0;
    Resume done;
  };
  void begin_early_read();
  Awaitable<ErrorCode> write_tls(std::array<asio::const_buffer, 2> parts, bool watch_for_reply);

  /// Waits until more can be written; true if the reply came before.
  Awaitable<bool> wait_writable(bool watch_for_reply, ErrorCode& error);
  /// Where the next bytes go; empty if a single element of the reply fills the largest buffer.
  asio::mutable_buffer make_room();
  bool parse_buffered(ErrorCode& error);

  Loop& loop_;
  Resolver& resolver_;
  std::shared_ptr<const Target> target_;
  ConnectionLimit::Place place_;
  std::shared_ptr<Resolver::Question> question_;  ///< while an address is looked for
  Socket socket_;
  std::unique_ptr<TlsStream> tls_;
  Deadline deadline_;
  ConnectTimes times_;
  bool timed_out_ = false;
  bool open_ = false;
  bool closed_ = false;  ///< by close()
  bool whole_request_ = false;
  std::size_t written_ = 0;
  std::optional<EarlyRead> early_;
  std::shared_ptr<std::function<void()>> watcher_;

  std::optional<ReplySink> parser_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;    ///< first byte not parsed
  std::size_t end_ = 0;      ///< behind the last byte read
  bool broken_ = false;      ///< nothing more of the reply can be read
  std::size_t decoded_ = 0;  ///< body bytes at the front of the buffer, not handed out yet
};

}  // namespace nufi::net
