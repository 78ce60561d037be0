#pragma once

#include "lib/net/asio.hpp"
#include "lib/net/body_memory.hpp"
#include "lib/net/exchange.hpp"
#include "lib/net/loop.hpp"
#include "lib/net/parse.hpp"
#include "lib/net/resume.hpp"
#include "lib/net/server.hpp"
#include "lib/net/upstream_pool.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

namespace nufi::net {

class Session;

/// What sessions of one loop share.
struct SessionHome {
  const ServerOptions& options;
  const Server::Handler& handler;
  const Server::RefusalBody& refusal_body;
  Loop& loop;
  UpstreamPool& upstreams;
  BodyMemory& body_memory;
  bool draining = false;
  std::unordered_set<Session*> sessions = {};
  std::atomic<std::size_t>* connections = nullptr;  ///< of the whole server
};

/// One client connection: reads requests, hands each to the handler, keeps alive.
///
/// A read is always outstanding, also while a call runs: that is how a client that leaves is
/// noticed at once, and what it reads early (a pipelined request) is simply there for the next
/// turn.
class Session final : public Exchange, public std::enable_shared_from_this<Session> {
 public:
  Session(SessionHome& home, Socket socket);
  ~Session() override;

  /// Serves the connection until it closes.
  static Awaitable<void> run(std::shared_ptr<Session> self);
  /// The daemon is draining: an idle connection closes, a busy one after its call.
  void drain();
  /// Closes now.
  void abort();

  const RequestHead& head() const override { return head_; }
  const std::string& client_ip() const override { return client_ip_; }
  const std::string& local_ip() const override { return local_ip_; }
  LoopServices services() override { return {home_.loop, home_.upstreams, home_.body_memory}; }
  Awaitable<BodyRead> read_body(std::uint64_t most) override;
  const std::string& body() const override { return body_; }
  void drop_body() override;
  std::optional<std::uint64_t> body_length() const override;
  Awaitable<UploadPiece> read_body_piece(std::uint64_t most) override;
  void interrupt_body() override;
  void add_reply_field(std::string_view name, std::string_view value) override {
    extra_fields_.add(name, value);
  }
  Awaitable<bool> send(const Reply& reply, std::string_view body) override;
  Awaitable<bool> start(const Reply& reply, std::optional<std::uint64_t> length) override;
  bool try_write(std::string_view bytes) override;
  Awaitable<bool> write(std::string_view bytes) override;
  Awaitable<bool> finish(std::string_view bytes) override;
  bool started() const override { return started_; }
  bool is_gone() const override { return gone_; }
  void on_gone(std::function<void()> callback) override;
  void close_after() override { close_after_ = true; }

 private:
  enum class HeadRead { whole, refused, closed };

  void start_reading();
  void on_read(ErrorCode error, std::size_t size);
  /// Waits until more input is there than before; false at its end.
  Awaitable<bool> more_input();
  Awaitable<HeadRead> read_head();
  std::optional<Refusal> check_request() const;
  Awaitable<void> refuse(int status, std::string code, std::string message);
  /// Bytes the kernel took at once.
  std::size_t write_now(const std::array<asio::const_buffer, 3>& parts, ErrorCode& error);
  /// `sent`: how many bytes of them all are sent already.
  Awaitable<bool> write_all(std::string_view first,
                            std::string_view second = {},
                            std::string_view third = {},
                            std::size_t sent = 0);
  std::string head_text(const Reply& reply, std::string_view framing) const;
  // Reading a body (session_body.cpp).
  bool parse_body(std::uint64_t most, BodyRead& result);
  Awaitable<BodyRead> begin_body(std::uint64_t most);
  /// Reads until body_ has more of the body, or it is whole, or interrupted.
  Awaitable<BodyRead> read_more_body(std::uint64_t most);
  void end_body(BodyRead result);
  Awaitable<void> close_gently();

  SessionHome& home_;
  Socket socket_;
  std::string client_ip_;
  std::string local_ip_;
  Deadline deadline_;

  // Input: bytes [begin_, end_) of buffer_ are not consumed yet.
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool reading_ = false;
  bool gone_ = false;
  Resume input_;

  // The request being served.
  RequestHead head_;
  std::optional<RequestSink> parser_;
  std::string body_;
  BodyMemory::Share body_share_;                       ///< that body_ may take
  std::uint64_t carried_ = 0;                          ///< bytes of the body so far
  std::uint64_t framing_ = 0;                          ///< bytes that chunks took beside them
  std::chrono::steady_clock::duration body_waited_{};  ///< for the client to send its body
  bool body_begun_ = false;
  bool interrupted_ = false;
  Fields extra_fields_;
  bool in_call_ = false;
  bool started_ = false;
  bool chunked_ = false;
  std::size_t tried_ = 0;  ///< bytes of the piece, framing included, that try_write() got rid of
  bool whole_ = false;     ///< the reply was sent to its end
  bool close_after_ = false;
  bool timed_out_ = false;
  std::function<void()> gone_callback_;
};

}  // namespace nufi::net
