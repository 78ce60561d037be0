#pragma once

#include "lib/net/awaitable.hpp"
#include "lib/net/head.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::net {

class BodyMemory;
class Loop;
class UpstreamPool;

/// Where a request came in: what belongs to its loop, and what it shares with the others.
struct LoopServices {
  Loop& loop;
  UpstreamPool& upstreams;
  BodyMemory& body_memory;
};

/// The head of a reply to a client. `fields` must not hold framing fields (Content-Length,
/// Transfer-Encoding, Connection): the exchange writes those.
struct Reply {
  int status = 200;
  Fields fields;
};

enum class BodyRead {
  whole,      ///< the body is here
  too_large,  ///< longer than allowed; the connection will close after the reply
  malformed,  ///< bad chunking
  too_slow,   ///< below the least speed
  crowded,    ///< too much is kept of other bodies just now; the connection will close likewise
  gone,       ///< the client hung up
};

/// Bytes of a request's body that is read in pieces.
struct UploadPiece {
  std::string_view bytes;           ///< valid until the next call; empty when interrupted
  bool end = false;                 ///< these are the last bytes
  BodyRead read = BodyRead::whole;  ///< anything but `whole`: the body does not come to its end
};

/// One request and its reply on a client's connection. Belongs to the connection's loop; lives
/// until the handler's coroutine returns. A handler that returns without a reply closes the
/// connection.
class Exchange {
 public:
  virtual ~Exchange() = default;

  [[nodiscard]] virtual const RequestHead& head() const = 0;
  [[nodiscard]] virtual const std::string& client_ip() const = 0;
  /// The address the client connected to, e.g. "127.0.0.1".
  [[nodiscard]] virtual const std::string& local_ip() const = 0;
  [[nodiscard]] virtual LoopServices services() = 0;

  /// Reads the body, answering `Expect: 100-continue` first.
  virtual Awaitable<BodyRead> read_body(std::uint64_t most) = 0;
  [[nodiscard]] virtual const std::string& body() const = 0;
  /// Gives the body's memory back: it has been sent on.
  virtual void drop_body() = 0;

  /// How long the request says its body is; std::nullopt if it comes in chunks.
  [[nodiscard]] virtual std::optional<std::uint64_t> body_length() const = 0;
  /// Instead of read_body(): the next bytes of the body as soon as any are there. The client is
  /// read no faster than this is called, and its least speed counts only while this waits for it.
  virtual Awaitable<UploadPiece> read_body_piece(std::uint64_t most) = 0;
  /// A read_body_piece() that waits, or the next one that would, returns without bytes.
  virtual void interrupt_body() = 0;

  /// Adds a field to whatever reply this request gets.
  virtual void add_reply_field(std::string_view name, std::string_view value) = 0;

  /// Sends a whole reply. False if the client is gone.
  virtual Awaitable<bool> send(const Reply& reply, std::string_view body) = 0;

  /// Starts a reply whose body comes in pieces; with `length` it is that long, without it is
  /// chunked.
  virtual Awaitable<bool> start(const Reply& reply, std::optional<std::uint64_t> length) = 0;
  /// Sends a piece if the kernel takes all of it at once, as it nearly always does: then no
  /// coroutine is needed. False: nothing more was done than what write() now finishes for the same
  /// bytes.
  [[nodiscard]] virtual bool try_write(std::string_view bytes) = 0;
  /// Sends a piece at once (`bytes` may be empty: then nothing is sent). False if the client is
  /// gone.
  virtual Awaitable<bool> write(std::string_view bytes) = 0;
  /// Sends the last piece and the end of the body.
  virtual Awaitable<bool> finish(std::string_view bytes) = 0;
  [[nodiscard]] virtual bool started() const = 0;

  /// True once the client has hung up.
  [[nodiscard]] virtual bool is_gone() const = 0;
  /// Runs on the loop when the client hangs up before its reply is whole; at once if it has.
  /// Replaces the one before; empty = none.
  virtual void on_gone(std::function<void()> callback) = 0;

  /// No further request is served on this connection.
  virtual void close_after() = 0;
};

/// Something a coroutine of one loop waits for and any thread may announce, once.
class Signal {
 public:
  explicit Signal(Loop& loop);
  /// Returns once notify() was called. For the loop's thread, one waiter.
  Awaitable<void> wait();
  /// Thread-safe.
  void notify();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace nufi::net
