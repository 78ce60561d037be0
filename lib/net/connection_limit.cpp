#include "lib/net/connection_limit.hpp"

#include "lib/net/patience.hpp"
#include "lib/net/upstream_connection.hpp"
#include "lib/net/upstream_pool.hpp"

#include <algorithm>
#include <utility>

namespace nufi::net {

ConnectionLimit::Place& ConnectionLimit::Place::operator=(Place&& other) noexcept {
  // What this held is given back by the swapped one's end.
  Place(std::move(other)).limit_.swap(limit_);
  return *this;
}

ConnectionLimit::Place::~Place() {
  if (limit_) limit_->release();
}

ConnectionLimit::Place ConnectionLimit::try_take() {
  std::lock_guard lock(mutex_);
  if (open_ >= most_ || !waits_.empty()) return {};
  ++open_;
  return Place(shared_from_this());
}

void ConnectionLimit::release() {
  std::lock_guard lock(mutex_);
  --open_;
  serve();
}

void ConnectionLimit::serve() {
  while (open_ < most_ && !waits_.empty()) {
    auto& first = take_first();
    ++open_;
    first.place = Place(shared_from_this());
    first.signal_.notify();
  }
}

ConnectionLimit::Wait& ConnectionLimit::take_first() {
  auto& first = *waits_.front();
  waits_.pop_front();
  --waiting_;
  first.queued_ = false;
  return first;
}

void ConnectionLimit::pass_on(UpstreamPool& pool, std::unique_ptr<UpstreamConnection>& connection) {
  // Closed only without the lock: its end gives its place to who waits.
  std::unique_ptr<UpstreamConnection> closing;
  std::lock_guard lock(mutex_);
  if (waits_.empty()) return;
  if (&waits_.front()->pool_ != &pool) {
    closing = std::move(connection);
    return;
  }
  auto& first = take_first();
  first.connection = std::move(connection);
  first.signal_.notify();
}

void ConnectionLimit::remember(UpstreamPool& pool) {
  std::lock_guard lock(mutex_);
  if (std::find(pools_.begin(), pools_.end(), &pool) == pools_.end()) pools_.push_back(&pool);
}

void ConnectionLimit::forget(UpstreamPool& pool) {
  std::lock_guard lock(mutex_);
  pools_.erase(std::remove(pools_.begin(), pools_.end(), &pool), pools_.end());
}

ConnectionLimit::Wait::Wait(std::shared_ptr<ConnectionLimit> limit, UpstreamPool& pool)
    : limit_(std::move(limit)), pool_(pool), signal_(pool.loop()) {
  std::lock_guard lock(limit_->mutex_);
  position_ = limit_->waits_.insert(limit_->waits_.end(), this);
  ++limit_->waiting_;
  queued_ = true;
  limit_->serve();
  if (!queued_) return;
  // Nobody else will use what lies idle on the other loops.
  for (auto* other : limit_->pools_) other->close_idle_soon(limit_);
}

ConnectionLimit::Wait::~Wait() {
  leave();
}

void ConnectionLimit::Wait::leave() {
  std::lock_guard lock(limit_->mutex_);
  if (!queued_) return;
  limit_->waits_.erase(position_);
  --limit_->waiting_;
  queued_ = false;
}

Awaitable<void> ConnectionLimit::Wait::wait(std::chrono::milliseconds patience) {
  Patience until(pool_.loop(), patience, [this] { give_up(); });
  co_await signal_.wait();
  leave();
}

}  // namespace nufi::net
