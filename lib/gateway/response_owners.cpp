#include "lib/gateway/response_owners.hpp"

#include "lib/ledger/ledger.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace nufi::gateway {
namespace {

/// What another thread leaves for the coroutine.
struct Mailbox {
  explicit Mailbox(net::Loop& loop) : signal(loop) {}
  StoredResponses::Answer answer;
  net::Signal signal;
};

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

}  // namespace

bool is_response_id(std::string_view id) {
  return !id.empty() && id.size() <= ledger::kMaxResponseId &&
         std::all_of(id.begin(), id.end(), is_plain);
}

void ResponseOwners::note(const std::string& id, ResponseOwner owner) {
  std::lock_guard lock(mutex_);
  latest_.insert_or_assign(id, std::move(owner));
  if (latest_.size() < kRemembered) return;
  former_ = std::exchange(latest_, {});
}

net::Awaitable<StoredResponses::Answer> ResponseOwners::find(net::Exchange& exchange,
                                                             std::string id) {
  if (!is_response_id(id)) co_return StoredResponses::Answer();
  {
    std::lock_guard lock(mutex_);
    for (const auto* owners : {&latest_, &former_}) {
      const auto found = owners->find(id);
      if (found == owners->end()) continue;
      StoredResponses::Answer answer;
      answer.owner = found->second;
      co_return answer;
    }
  }
  auto mailbox = std::make_shared<Mailbox>(exchange.services().loop);
  stored_.find(std::move(id), [mailbox](StoredResponses::Answer answer) {
    mailbox->answer = std::move(answer);
    mailbox->signal.notify();
  });
  co_await mailbox->signal.wait();
  co_return std::move(mailbox->answer);
}

net::Awaitable<void> ResponseOwners::forget(net::Exchange& exchange, std::string id) {
  {
    std::lock_guard lock(mutex_);
    latest_.erase(id);
    former_.erase(id);
  }
  auto mailbox = std::make_shared<Mailbox>(exchange.services().loop);
  stored_.forget(std::move(id), [mailbox] { mailbox->signal.notify(); });
  co_await mailbox->signal.wait();
}

}  // namespace nufi::gateway
