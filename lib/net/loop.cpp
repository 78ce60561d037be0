#include "lib/net/loop.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

namespace nufi::net {

Deadline::Deadline(Loop& loop, std::function<void()> passed)
    : loop_(loop), passed_(std::move(passed)) {
  place_ = loop_.deadlines_.insert(loop_.deadlines_.end(), this);
}

Deadline::~Deadline() {
  loop_.deadlines_.erase(place_);
}

void Deadline::set(std::chrono::steady_clock::duration from_now) {
  at_ = std::chrono::steady_clock::now() + from_now;
  if (!loop_.ticking_) loop_.tick();
}

Loop::Loop() = default;

Loop::~Loop() {
  stop();
  join();
}

void Loop::start() {
  thread_ = std::jthread([this] { context_.run(); });
}

void Loop::post(std::function<void()> work) {
  asio::post(context_, std::move(work));
}

void Loop::stop() {
  context_.stop();
}

void Loop::join() {
  if (thread_.joinable()) thread_.join();
}

void Loop::tick() {
  ticking_ = true;
  ticker_.expires_after(kTick);
  ticker_.async_wait([this](ErrorCode error) {
    if (error) return;
    const auto now = std::chrono::steady_clock::now();
    bool any = false;
    // A callback may make or destroy deadlines, but runs at most once per mark: collect first.
    std::vector<Deadline*> due;
    for (auto* deadline : deadlines_) {
      if (deadline->at_ == Deadline::kNever) continue;
      any = true;
      if (deadline->at_ <= now) due.push_back(deadline);
    }
    for (auto* deadline : due) {
      // It may have been destroyed or moved by the callback of one before it.
      const bool alive =
          std::find(deadlines_.begin(), deadlines_.end(), deadline) != deadlines_.end();
      if (!alive || deadline->at_ > now) continue;
      deadline->at_ = Deadline::kNever;
      deadline->passed_();
    }
    ticking_ = false;
    if (any) tick();
  });
}

}  // namespace nufi::net
