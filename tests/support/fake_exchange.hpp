#pragma once

#include "lib/net/exchange.hpp"

#include <stdexcept>
#include <string>

namespace nufi::test {

/// A request that came in, for code that only looks at it: nothing can be sent.
class FakeExchange final : public net::Exchange {
 public:
  net::RequestHead request;
  std::string ip = "127.0.0.1";
  net::Fields reply_fields;  ///< what was added to any reply

  const net::RequestHead& head() const override { return request; }
  const std::string& client_ip() const override { return ip; }
  const std::string& local_ip() const override { return ip; }
  net::LoopServices services() override { throw unexpected(); }
  net::Awaitable<net::BodyRead> read_body(std::uint64_t) override { throw unexpected(); }
  const std::string& body() const override { throw unexpected(); }
  void drop_body() override {}
  std::optional<std::uint64_t> body_length() const override { return std::nullopt; }
  net::Awaitable<net::UploadPiece> read_body_piece(std::uint64_t) override { throw unexpected(); }
  void interrupt_body() override {}
  void add_reply_field(std::string_view name, std::string_view value) override {
    reply_fields.add(name, value);
  }
  net::Awaitable<bool> send(const net::Reply&, std::string_view) override { throw unexpected(); }
  net::Awaitable<bool> start(const net::Reply&, std::optional<std::uint64_t>) override {
    throw unexpected();
  }
  bool try_write(std::string_view) override { throw unexpected(); }
  net::Awaitable<bool> write(std::string_view) override { throw unexpected(); }
  net::Awaitable<bool> finish(std::string_view) override { throw unexpected(); }
  bool started() const override { return false; }
  bool is_gone() const override { return false; }
  void on_gone(std::function<void()>) override {}
  void close_after() override {}

 private:
  static std::logic_error unexpected() { return std::logic_error("not for this test"); }
};

}  // namespace nufi::test
