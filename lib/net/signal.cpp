#include "lib/net/exchange.hpp"
#include "lib/net/loop.hpp"
#include "lib/net/resume.hpp"

#include <boost/asio/post.hpp>

namespace nufi::net {

struct Signal::State {
  explicit State(Loop& home) : loop(home) {}
  Loop& loop;
  bool announced = false;
  Resume waiter;
};

Signal::Signal(Loop& loop) : state_(std::make_shared<State>(loop)) {}

Awaitable<void> Signal::wait() {
  const auto state = state_;
  if (!state->announced) co_await state->waiter.wait();
}

void Signal::notify() {
  asio::post(state_->loop.context(), [state = state_] {
    state->announced = true;
    state->waiter.fire();
  });
}

}  // namespace nufi::net
