#include "tests/lib/net/door.hpp"

namespace nufi::test {

using namespace std::chrono_literals;

namespace {

int status_of(net::BodyRead read) {
  switch (read) {
    case net::BodyRead::whole:
      return 200;
    case net::BodyRead::too_large:
      return 413;
    case net::BodyRead::malformed:
      return 400;
    case net::BodyRead::too_slow:
      return 408;
    case net::BodyRead::crowded:
      return 503;
    case net::BodyRead::gone:
      break;
  }
  return 0;
}

}  // namespace

net::ServerOptions Door::small() {
  net::ServerOptions options;
  options.loops = 2;
  return options;
}

Door::Door(net::ServerOptions options) {
  server = std::make_unique<net::Server>(
      options,
      [this](net::Exchange& exchange) { return handle(exchange); },
      [](const net::Refusal& refusal) { return refusal.code + ": " + refusal.message; });
  server->listen("127.0.0.1", 0);
  server->start();
}

Door::~Door() {
  server->stop();
}

int Door::refusal(const std::string& bytes) const {
  auto client = connect();
  client.send(bytes);
  const auto reply = client.reply();
  if (!reply) return 0;
  return client.ends() ? reply->status : -reply->status;
}

void Door::release() {
  std::lock_guard lock(mutex_);
  if (released_) released_->notify();
}

net::Awaitable<void> Door::handle(net::Exchange& exchange) {
  ++calls;
  const auto path = exchange.head().path();
  if (path == "/echo") co_return co_await echo(exchange);
  if (path == "/pieces") co_return co_await pieces(exchange);
  if (path == "/stream") co_return co_await stream(exchange);
  if (path == "/wait") co_return co_await wait(exchange);
  if (path == "/silent") co_return;
  const auto text = exchange.head().method + " " + exchange.head().target;
  net::Reply reply;
  co_await exchange.send(reply, text);
}

net::Awaitable<void> Door::echo(net::Exchange& exchange) {
  net::Reply reply;
  const auto read = co_await exchange.read_body(100'000);
  if (read == net::BodyRead::gone) {
    ++gone;
    co_return;
  }
  reply.status = status_of(read);
  const auto body = reply.status == 200 ? exchange.body() : std::string("refused");
  co_await exchange.send(reply, body);
}

net::Awaitable<void> Door::pieces(net::Exchange& exchange) {
  std::string body = std::to_string(exchange.body_length().value_or(0)) + ":";
  exchange.interrupt_body();
  auto piece = co_await exchange.read_body_piece(100'000);
  body += piece.bytes.empty() && !piece.end ? "interrupted:" : "";
  while (!piece.end && piece.read == net::BodyRead::whole) {
    piece = co_await exchange.read_body_piece(100'000);
    body += piece.bytes;
  }
  if (piece.read == net::BodyRead::gone) {
    ++gone;
    co_return;
  }
  net::Reply reply;
  reply.status = status_of(piece.read);
  co_await exchange.send(reply, body);
}

net::Awaitable<void> Door::stream(net::Exchange& exchange) {
  co_await exchange.read_body(100'000);
  net::Reply reply;
  reply.fields.add("Content-Type", "text/event-stream");
  bool open = co_await exchange.start(reply, std::nullopt);
  if (open) open = co_await exchange.write("one ");
  if (open && !exchange.try_write("two ")) co_await exchange.write("two ");
  co_await exchange.finish("three");
}

net::Awaitable<void> Door::wait(net::Exchange& exchange) {
  const auto signal = std::make_shared<net::Signal>(exchange.services().loop);
  {
    std::lock_guard lock(mutex_);
    released_ = signal;
  }
  exchange.on_gone([this, signal] {
    ++gone;
    signal->notify();
  });
  ++waiting;
  co_await signal->wait();
  exchange.on_gone(nullptr);
  --waiting;
  if (exchange.is_gone()) co_return;
  net::Reply reply;
  co_await exchange.send(reply, "released");
}

std::string post(const std::string& path, const std::string& fields, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n" + body;
}

}  // namespace nufi::test
