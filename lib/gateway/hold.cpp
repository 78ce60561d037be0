#include "lib/gateway/hold.hpp"

#include "lib/net/patience.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace nufi::gateway {
namespace {

/// What a callback of the ledger leaves for the coroutine. The callback may run inside the call
/// that takes it, or later on another thread.
struct Answer {
  explicit Answer(net::Loop& loop) : signal(loop) {}
  std::mutex mutex;
  std::optional<ledger::HoldOutcome> outcome;
  bool awaited = false;
  net::Signal signal;
};

}  // namespace

net::Awaitable<ledger::HoldOutcome> take_hold(ledger::Ledger& ledger,
                                              net::Exchange& exchange,
                                              ledger::HoldRequest request,
                                              std::chrono::milliseconds patience) {
  auto& loop = exchange.services().loop;
  auto answer = std::make_shared<Answer>(loop);
  const auto ticket = ledger.hold(std::move(request), [answer](ledger::HoldOutcome outcome) {
    bool awaited = false;
    {
      std::lock_guard lock(answer->mutex);
      answer->outcome = std::move(outcome);
      awaited = answer->awaited;
    }
    if (awaited) answer->signal.notify();
  });
  {
    std::lock_guard lock(answer->mutex);
    if (answer->outcome) co_return std::move(*answer->outcome);
    answer->awaited = true;
  }
  net::Patience until(loop, patience, [&ledger, ticket] { ledger.give_up(ticket); });
  exchange.on_gone([&ledger, ticket] { ledger.give_up(ticket); });
  co_await answer->signal.wait();
  exchange.on_gone(nullptr);
  std::lock_guard lock(answer->mutex);
  co_return std::move(*answer->outcome);
}

net::Awaitable<void> settle(ledger::Ledger& ledger,
                            net::Exchange& exchange,
                            domain::RequestId id,
                            ledger::Settlement settlement) {
  struct Done {
    explicit Done(net::Loop& loop) : signal(loop) {}
    std::mutex mutex;
    bool durable = false;
    bool awaited = false;
    net::Signal signal;
  };
  auto done = std::make_shared<Done>(exchange.services().loop);
  ledger.settle(id, std::move(settlement), [done] {
    bool awaited = false;
    {
      std::lock_guard lock(done->mutex);
      done->durable = true;
      awaited = done->awaited;
    }
    if (awaited) done->signal.notify();
  });
  {
    std::lock_guard lock(done->mutex);
    if (done->durable) co_return;
    done->awaited = true;
  }
  co_await done->signal.wait();
}

}  // namespace nufi::gateway
