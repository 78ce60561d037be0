#include "lib/net/asio.hpp"
#include "lib/net/exchange.hpp"
#include "lib/net/loop.hpp"

#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/post.hpp>

#include <utility>

namespace nufi::net {

struct Signal::State {
  explicit State(Loop& home) : loop(home) {}
  Loop& loop;
  bool announced = false;
  asio::any_completion_handler<void()> waiter;
};

Signal::Signal(Loop& loop) : state_(std::make_shared<State>(loop)) {}

Awaitable<void> Signal::wait() {
  const auto state = state_;
  if (state->announced) co_return;
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
      [state](auto handler) { state->waiter = std::move(handler); }, kAwait);
}

void Signal::notify() {
  asio::post(state_->loop.context(), [state = state_] {
    state->announced = true;
    if (state->waiter) std::exchange(state->waiter, nullptr)();
  });
}

}  // namespace nufi::net
