#pragma once

#include "lib/net/awaitable.hpp"
#include "lib/net/exchange.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nufi::net {

/// What a refusal of the HTTP layer says; `code` is a word for the error body.
struct Refusal {
  int status = 400;
  std::string code;
  std::string message;
};

struct ServerOptions {
  std::size_t loops = 1;
  std::size_t max_connections = 16'384;
  std::size_t max_turned_away = 256;  ///< beyond those, being told so; then accepting pauses
  std::uint64_t max_buffered = std::uint64_t{512} << 20;  ///< bytes of bodies kept (BodyMemory)
  std::size_t max_target = 8 * 1024;
  std::size_t max_head = 64 * 1024;
  std::size_t max_fields = 100;
  std::chrono::milliseconds head_time{15'000};    ///< for a whole head, from its first byte
  std::chrono::milliseconds idle_time{75'000};    ///< between requests
  std::chrono::milliseconds write_time{120'000};  ///< without the client taking a byte
  std::chrono::milliseconds body_grace{30'000};   ///< after it, a body must average body_speed
  std::uint64_t body_speed = 1024;                ///< bytes per second
};

/// The inference door: strict HTTP/1.1 on one event loop per core. A connection stays on the loop
/// it was given. start, drain, stop are for one controlling thread; each_loop is thread-safe.
class Server {
 public:
  using Handler = std::function<Awaitable<void>(Exchange&)>;
  /// Words the body of a refusal (JSON).
  using RefusalBody = std::function<std::string(const Refusal&)>;

  Server(ServerOptions options, Handler handler, RefusalBody refusal_body);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds (port 0 = any free one). Throws Error{unavailable} if the address is taken or not ours.
  void listen(const std::string& host, std::uint16_t port);
  /// Takes over a socket that listens already (systemd).
  void adopt(int listening_socket);
  [[nodiscard]] std::uint16_t port() const;

  /// Starts accepting, and the loops.
  void start();
  /// Closes idle connections, tells new ones 503 `shutting_down`, and waits until the calls in
  /// flight have ended or `timeout` is over. True if all had ended.
  bool drain(std::chrono::milliseconds timeout);
  /// Breaks the connections off, so that a drain in another thread ends. Thread-safe.
  void abort();
  /// Closes what is left and ends the loops.
  void stop();

  [[nodiscard]] std::size_t connections() const;
  /// Bytes of long request bodies that are kept now, as BodyMemory counts.
  [[nodiscard]] std::uint64_t buffered() const;
  /// Runs `work` on every loop soon.
  void each_loop(const std::function<void(std::size_t index)>& work);
  [[nodiscard]] std::size_t loops() const;
  /// True if every loop took a piece of work within `patience`. Thread-safe, blocks; not for a
  /// loop's own thread.
  [[nodiscard]] bool loops_answer(std::chrono::milliseconds patience);
  /// The number of the loop that runs the caller.
  [[nodiscard]] static std::size_t current_loop();

 private:
  struct Native;
  std::unique_ptr<Native> native_;
};

}  // namespace nufi::net
