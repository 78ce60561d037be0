#pragma once

#include "lib/base/clock.hpp"

#include <httplib.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>

namespace nufi::daemon {

/// One connection of the control plane as httplib reads it, which itself limits neither how long
/// nor how large a head is, and reads a body without a length until the peer leaves. Here a request
/// ends the connection when
///  - its head is longer than kMostHead bytes or has more than kMostFields lines (431 goes out),
///  - its head is not whole after kHeadTime, or its body comes slower than kLeastSpeed;
/// and a body has as many bytes as Content-Length says: none without it. What is framed otherwise
/// (chunked) is refused by the server before it is read.
/// Its remote address names the peer's user: the kernel says it, no header can. One thread.
class ControlConnection final : public httplib::Stream {
 public:
  static constexpr std::size_t kMostHead = 64 << 10;
  static constexpr int kMostFields = 100;
  static constexpr std::chrono::seconds kHeadTime{5};
  static constexpr std::chrono::seconds kPatience{15};      ///< for a body to begin, a reply to go
  static constexpr std::size_t kLeastSpeed = 64 << 10;      ///< bytes a second of a body
  static constexpr std::chrono::milliseconds kIdle{5'000};  ///< between requests

  /// Takes `socket` over.
  explicit ControlConnection(int socket);
  ~ControlConnection() override;
  ControlConnection(const ControlConnection&) = delete;
  ControlConnection& operator=(const ControlConnection&) = delete;

  /// True once the next request begins; false if none comes in time, the peer left, `stop` fires,
  /// or what is left of the last one was not read.
  [[nodiscard]] bool wait_for_request(int stop);
  /// After it no further request is taken: its body was not read.
  void refuse_body() { is_over_ = true; }

  [[nodiscard]] bool is_readable() const override;
  [[nodiscard]] bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  [[nodiscard]] socket_t socket() const override { return socket_; }

 private:
  [[nodiscard]] bool wait_until(short events, std::chrono::milliseconds limit) const;
  [[nodiscard]] std::chrono::milliseconds time_left() const;
  [[nodiscard]] bool fill();
  [[nodiscard]] bool take_head(char byte);
  void end_line();

  const SystemClock clock_;
  const int socket_;
  const std::string peer_;
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  // Of the request that is read.
  SteadyTime since_;  ///< its head, then its body, begins
  bool in_head_ = false;
  std::size_t head_size_ = 0;
  int fields_ = 0;
  std::string line_;
  std::size_t body_left_ = 0;
  std::size_t body_read_ = 0;
  bool is_over_ = false;
};

/// The user who connected to `socket`, as the kernel says; "" over TCP.
std::string user_of(int socket);

}  // namespace nufi::daemon
