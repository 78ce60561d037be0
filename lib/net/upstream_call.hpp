#pragma once

#include "lib/base/secret.hpp"
#include "lib/net/awaitable.hpp"
#include "lib/net/connection_limit.hpp"
#include "lib/net/head.hpp"
#include "lib/net/tls.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::net {

class UpstreamPool;
class UpstreamConnection;

/// A proxy that opens a tunnel (CONNECT).
struct Tunnel {
  std::string host;  ///< name or address, no brackets
  std::uint16_t port = 0;
  Secret authorization;  ///< value of Proxy-Authorization, or empty
};

/// Where an upstream listens. Immutable; connections are pooled per object.
struct Target {
  std::string host;  ///< name or address, no brackets
  std::uint16_t port = 0;
  std::shared_ptr<const TlsContext> tls;   ///< null = plain http
  std::optional<Tunnel> tunnel;            ///< the way there, if it is not direct
  std::shared_ptr<ConnectionLimit> limit;  ///< null = as many connections as are wanted
  /// For all of it: finding the address, connecting, the tunnel, the TLS handshake.
  std::chrono::milliseconds connect_timeout{10'000};
  /// How long a call waits for its turn where `limit` is reached.
  std::chrono::milliseconds turn_timeout{2'000};
};

/// How far one request got.
enum class RequestResult {
  answered,        ///< a whole head arrived
  connect_failed,  ///< nothing was sent
  no_turn,         ///< all connections it may have are taken; nothing was sent
  timed_out,       ///< sent; no head in time
  broken,          ///< sent; the connection broke, or what came is not HTTP/1.1
  cancelled,       ///< by cancel()
  unfinished,      ///< the request's body did not come to its end: its source says why
};

/// What the steps to a connection took, in microseconds; 0 = there was no such step.
struct ConnectTimes {
  std::int64_t turn_us = 0;    ///< waiting for one that the upstream may have
  std::int64_t lookup_us = 0;  ///< finding the address
  std::int64_t tcp_us = 0;     ///< with the proxy's tunnel
  std::int64_t tls_us = 0;
};

/// Where a request's body comes from that is sent while it comes.
class BodySource {
 public:
  struct Piece {
    std::string_view bytes;  ///< valid until the next call; empty after interrupt()
    bool end = false;        ///< these are the last bytes
    bool failed = false;     ///< there are no more, and these were not all
  };

  virtual ~BodySource() = default;
  virtual Awaitable<Piece> next() = 0;
  /// A next() that waits, or the next one that would, returns without bytes.
  virtual void interrupt() = 0;
};

/// A piece of a reply's body, decoded.
struct BodyPiece {
  std::string_view bytes;  ///< valid until the next call; may be empty at the end
  bool end = false;        ///< the body is whole
  bool broken = false;     ///< the connection broke or stalled before its end
};

/// One request to an upstream and its reply, on a kept-alive connection if there is one.
///
/// A request that may have reached the upstream is never sent twice. The one exception: a
/// kept-alive connection that the upstream closed in good order before it took the call, which
/// shows in its kernel never having acknowledged a byte of it; then a fresh connection takes the
/// call, unseen by the caller.
///
/// Belongs to the loop of its pool. The destructor gives the connection back if the reply was read
/// to its end and both sides keep alive, and closes it otherwise: that is what stops an upstream.
class UpstreamCall {
 public:
  UpstreamCall(UpstreamPool& pool, std::shared_ptr<const Target> target);
  ~UpstreamCall();
  UpstreamCall(const UpstreamCall&) = delete;
  UpstreamCall& operator=(const UpstreamCall&) = delete;

  /// Sends `head` (whole, with its empty line) and `body`, and reads the reply's head. Both must
  /// live until it returns.
  Awaitable<RequestResult> request(std::string_view head,
                                   std::string_view body,
                                   std::chrono::milliseconds first_byte_timeout);

  /// The same with a body that comes from `source`, in chunks if `chunked` (else `head` has its
  /// length). Always on a fresh connection: what was read of a source can't be sent again. Nothing
  /// is read of it before the connection stands. The upstream may answer before the end of the
  /// body; the rest is not read then. `take_timeout` is how long the upstream may take for a piece,
  /// and for its reply once it has all.
  Awaitable<RequestResult> request(std::string_view head,
                                   BodySource& source,
                                   bool chunked,
                                   std::chrono::milliseconds take_timeout);

  /// After `answered`.
  [[nodiscard]] const ReplyHead& head() const { return head_; }

  /// The next piece, as soon as any bytes are there; `idle_timeout` is how long the upstream may be
  /// silent. Call until end or broken.
  Awaitable<BodyPiece> read_body(std::chrono::milliseconds idle_timeout);

  /// The client is slow: how long that takes is not the upstream's silence. Until the next read.
  void be_patient();

  /// Ends whatever is being waited for; from the loop's own thread.
  void cancel();

  /// Sets how long request() waits in turn, in place of the target's own time.
  void set_turn_timeout(std::chrono::milliseconds time) { turn_timeout_ = time; }

  /// It failed, or broke off, because the upstream was silent for too long.
  [[nodiscard]] bool timed_out() const;
  /// Why it failed, for people and logs: "connection refused", "certificate verify failed".
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Microseconds it took to connect, 0 for a kept-alive connection, -1 before.
  [[nodiscard]] std::int64_t connect_us() const { return connect_us_; }
  [[nodiscard]] const ConnectTimes& connect_times() const { return connect_times_; }

 private:
  /// Opens a connection, in its turn; `answered` once it stands. It may be one that another call
  /// has just left, unless it `must_be_fresh`.
  Awaitable<RequestResult> open(bool must_be_fresh);
  Awaitable<RequestResult> attempt(std::string_view head,
                                   std::string_view body,
                                   std::chrono::milliseconds first_byte_timeout);
  /// Sends what comes from `source`, until its end or an early reply.
  Awaitable<std::optional<RequestResult>> send_from(BodySource& source,
                                                    bool chunked,
                                                    std::chrono::milliseconds take_timeout);
  /// The next bytes of `source`; empty if the reply has begun.
  Awaitable<BodySource::Piece> next_of(BodySource& source);

  UpstreamPool& pool_;
  std::shared_ptr<const Target> target_;
  std::chrono::milliseconds turn_timeout_;
  std::unique_ptr<UpstreamConnection> connection_;
  std::unique_ptr<ConnectionLimit::Wait> wait_;
  ReplyHead head_;
  std::string problem_;
  std::int64_t connect_us_ = -1;
  ConnectTimes connect_times_;
  bool reused_ = false;
  bool untaken_ = false;  ///< the reused connection was closed before it took the call
  bool cancelled_ = false;
};

}  // namespace nufi::net
