#pragma once

#include "lib/net/asio.hpp"

#include <boost/asio/any_completion_handler.hpp>

#include <optional>
#include <utility>

namespace nufi::net {

/// A place where one coroutine of a loop waits until another part of the same loop resumes it.
/// (any_completion_handler can't be assigned in Boost 1.81: its move assignment copies itself
/// without end. So it is only ever constructed.)
class Resume {
 public:
  /// Waits for fire().
  Awaitable<void> wait() {
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(
        [this](auto handler) { handler_.emplace(std::move(handler)); }, kAwait);
  }
  [[nodiscard]] bool is_awaited() const { return handler_.has_value(); }
  /// Resumes who waits, within this call; nothing if nobody does.
  void fire() {
    if (!handler_) return;
    auto handler = std::move(*handler_);
    handler_.reset();
    std::move(handler)();
  }

 private:
  std::optional<asio::any_completion_handler<void()>> handler_;
};

}  // namespace nufi::net
