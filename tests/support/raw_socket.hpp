#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nufi::test {

/// One HTTP reply, taken apart by its framing.
struct RawReply {
  int status = 0;
  std::string head;  ///< with the status line and the empty line
  std::string body;  ///< decoded
};

/// A plain TCP socket that waits for nothing longer than ten seconds. Move-only.
class RawSocket {
 public:
  explicit RawSocket(int socket) : socket_(socket) {}
  /// Connects to 127.0.0.1.
  static RawSocket to(std::uint16_t port);
  RawSocket(RawSocket&& other) noexcept;
  ~RawSocket();

  /// Sends all of it; false if the other side is gone.
  bool send(std::string_view bytes);
  /// Sends what fits into the kernel now.
  bool try_send(std::string_view bytes);
  /// The next reply; std::nullopt if the connection ends first. `to_eof`: a body without framing
  /// lasts until the end. `bodyless`: a reply to HEAD.
  std::optional<RawReply> reply(bool to_eof = false, bool bodyless = false);
  /// The next request: head and a body of its Content-Length; "" at the end of the connection.
  std::string request();
  /// True if no more byte comes and the connection ends.
  bool ends();
  /// Something can be read (or the end), at this moment.
  bool is_readable() const;
  [[nodiscard]] int native_handle() const { return socket_; }
  void close();
  /// Closes with a reset.
  void reset();

 private:
  bool fill();
  bool need(std::size_t size);

  int socket_ = -1;
  std::string buffer_;
};

/// Calls `condition` until it is true; false after ten seconds.
template <class Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
  }
  return true;
}

}  // namespace nufi::test
