#pragma once

#include "lib/net/awaitable.hpp"
#include "lib/net/head.hpp"
#include "lib/net/tls.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace nufi::net {

class UpstreamPool;
class UpstreamConnection;

/// Where an upstream listens. Immutable; connections are pooled per object.
struct Target {
  std::string host;  ///< name or address, no brackets
  std::uint16_t port = 0;
  std::shared_ptr<const TlsContext> tls;  ///< null = plain http
  std::chrono::milliseconds connect_timeout{10'000};
};

/// How far one request got.
enum class RequestResult {
  answered,        ///< a whole head arrived
  connect_failed,  ///< nothing was sent
  timed_out,       ///< sent; no head in time
  broken,          ///< sent; the connection broke, or what came is not HTTP/1.1
  cancelled,       ///< by cancel()
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

  /// After `answered`.
  [[nodiscard]] const ReplyHead& head() const { return head_; }

  /// The next piece, as soon as any bytes are there; `idle_timeout` is how long the upstream may be
  /// silent. Call until end or broken.
  Awaitable<BodyPiece> read_body(std::chrono::milliseconds idle_timeout);

  /// Ends whatever is being waited for; from the loop's own thread.
  void cancel();

  /// Why it failed, for people and logs: "connection refused", "certificate verify failed".
  [[nodiscard]] const std::string& problem() const { return problem_; }
  /// Microseconds it took to connect, 0 for a kept-alive connection, -1 before.
  [[nodiscard]] std::int64_t connect_us() const { return connect_us_; }

 private:
  Awaitable<RequestResult> attempt(std::string_view head,
                                   std::string_view body,
                                   std::chrono::milliseconds first_byte_timeout);

  UpstreamPool& pool_;
  std::shared_ptr<const Target> target_;
  std::unique_ptr<UpstreamConnection> connection_;
  ReplyHead head_;
  std::string problem_;
  std::int64_t connect_us_ = -1;
  bool reused_ = false;
  bool untaken_ = false;  ///< the reused connection was closed before it took the call
  bool cancelled_ = false;
};

}  // namespace nufi::net
