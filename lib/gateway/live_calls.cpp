#include "lib/gateway/live_calls.hpp"

#include <utility>

namespace nufi::gateway {

LiveCalls::Entry::Entry(LiveCalls& calls,
                        std::size_t loop,
                        const domain::KeyId& key,
                        std::function<void()> cut)
    : calls_(calls), loop_(loop), key_(key.text()), cut_(std::move(cut)) {
  calls_.loops_[loop_].emplace(key_, this);
}

LiveCalls::Entry::~Entry() {
  auto& table = calls_.loops_[loop_];
  const auto [from, to] = table.equal_range(key_);
  for (auto entry = from; entry != to; ++entry) {
    if (entry->second != this) continue;
    table.erase(entry);
    return;
  }
}

void LiveCalls::cut(std::size_t loop, const domain::KeyId& key) {
  // A cut resumes the call's coroutine, which may end it and its entry: collect first.
  std::vector<std::function<void()>> cuts;
  const auto [from, to] = loops_[loop].equal_range(key.text());
  for (auto entry = from; entry != to; ++entry) cuts.push_back(entry->second->cut_);
  for (const auto& cut : cuts) cut();
}

}  // namespace nufi::gateway
