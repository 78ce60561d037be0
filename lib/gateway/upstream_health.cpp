#include "lib/gateway/upstream_health.hpp"

#include "lib/net/exchange.hpp"

#include <algorithm>

namespace nufi::gateway {
namespace {

using namespace std::chrono_literals;

constexpr int kForgiven = 1;
constexpr int kMostDoublings = 6;
/// Models that are busy at once; what has passed is forgotten first.
constexpr std::size_t kMostBusy = 64;

std::chrono::milliseconds left_until(SteadyTime until, SteadyTime now) {
  return until <= now ? 0ms : std::chrono::ceil<std::chrono::milliseconds>(until - now);
}

}  // namespace

UpstreamHealth::Standing UpstreamHealth::standing(const std::string& model, SteadyTime now) const {
  const bool is_troubled = troubled_.load(std::memory_order_relaxed);
  if (!is_troubled && !has_busy_.load(std::memory_order_relaxed)) return {};
  std::lock_guard lock(mutex_);
  if (const auto left = left_until(until_, now); left > 0ms) return {State::resting, left, why_};
  if (probe_ != 0) return {State::probing};
  const auto found = busy_.find(model);
  if (found == busy_.end()) return {};
  const auto left = left_until(found->second, now);
  return left > 0ms ? Standing{State::busy, left} : Standing{};
}

std::optional<UpstreamHealth::Turn> UpstreamHealth::enter(SteadyTime now) {
  if (!troubled_.load(std::memory_order_relaxed)) {
    return Turn(shared_from_this(), rests_.load(), /*probe=*/0);
  }
  std::lock_guard lock(mutex_);
  if (until_ > now || probe_ != 0) return std::nullopt;
  if (has_rested_) probe_ = ++probes_;
  return Turn(shared_from_this(), rests_.load(), probe_);
}

std::optional<UpstreamHealth::Turn> UpstreamHealth::enter_beside_probe(SteadyTime now) {
  {
    std::lock_guard lock(mutex_);
    if (until_ > now) return std::nullopt;
    if (probe_ != 0) return Turn(shared_from_this(), rests_.load(), /*probe=*/0);
  }
  return enter(now);
}

void UpstreamHealth::tell_after_probe(const std::shared_ptr<net::Signal>& signal) {
  std::lock_guard lock(mutex_);
  if (probe_ != 0) {
    waiting_.push_back(signal);
  } else {
    signal->notify();
  }
}

void UpstreamHealth::end_probe() {
  probe_ = 0;
  for (const auto& waiting : std::exchange(waiting_, {})) {
    // Who hung up meanwhile is not there any more.
    if (const auto signal = waiting.lock()) signal->notify();
  }
}

void UpstreamHealth::succeed() {
  const bool is_fine = known_.load(std::memory_order_relaxed) &&
                       !troubled_.load(std::memory_order_relaxed) &&
                       !has_complaint_.load(std::memory_order_relaxed);
  if (is_fine) return;
  std::lock_guard lock(mutex_);
  complaint_.clear();
  has_complaint_ = false;
  known_ = true;
  failures_ = 0;
  until_ = {};
  has_rested_ = false;
  why_.clear();
  troubled_ = false;
  end_probe();
}

void UpstreamHealth::complain(std::string why) {
  std::lock_guard lock(mutex_);
  known_ = true;
  complaint_ = std::move(why);
  has_complaint_ = true;
}

std::string UpstreamHealth::text(SteadyTime now) const {
  std::lock_guard lock(mutex_);
  if (!known_) return "unknown";
  if (failures_ > 0) return "failing: " + why_;
  if (!complaint_.empty()) return "failing: " + complaint_;
  const bool is_busy = std::any_of(
      busy_.begin(), busy_.end(), [&](const auto& entry) { return entry.second > now; });
  return is_busy ? "busy: HTTP 429" : "ok";
}

UpstreamHealth::Turn& UpstreamHealth::Turn::operator=(Turn&& other) noexcept {
  // What this had is let go by the swapped one's end.
  Turn former(std::move(other));
  std::swap(health_, former.health_);
  std::swap(rests_, former.rests_);
  std::swap(probe_, former.probe_);
  return *this;
}

UpstreamHealth::Turn::~Turn() {
  if (!health_ || probe_ == 0) return;
  std::lock_guard lock(health_->mutex_);
  // The success of another call may have ended it, and a later one may run.
  if (health_->probe_ == probe_) health_->end_probe();
}

void UpstreamHealth::Turn::succeeded() {
  const auto health = std::exchange(health_, nullptr);
  health->succeed();
}

void UpstreamHealth::Turn::refused(std::string why) {
  const auto health = std::exchange(health_, nullptr);
  health->succeed();
  health->complain(std::move(why));
}

void UpstreamHealth::Turn::failed(std::string why,
                                  std::optional<std::chrono::milliseconds> rest,
                                  SteadyTime now) {
  const auto health = std::exchange(health_, nullptr);
  std::lock_guard lock(health->mutex_);
  if (probe_ != 0 && health->probe_ == probe_) health->end_probe();
  health->known_ = true;
  health->troubled_ = true;
  health->why_ = std::move(why);
  if (health->rests_.load() != rests_) return;  // sent before the rest began
  health->failures_ += 1;
  const bool is_asked = rest && *rest > 0ms;
  if (health->failures_ > kForgiven || is_asked) {
    const auto doublings = std::clamp(health->failures_ - kForgiven - 1, 0, kMostDoublings);
    auto time = health->failures_ > kForgiven ? kFirstRest * (1 << doublings) : 0ms;
    if (is_asked) time = std::max(time, *rest);
    health->until_ = now + std::min(time, kLongestRest);
    health->has_rested_ = true;
    health->rests_ += 1;
  }
}

void UpstreamHealth::Turn::busy(const std::string& model,
                                std::optional<std::chrono::milliseconds> rest,
                                SteadyTime now) {
  const auto health = std::exchange(health_, nullptr);
  health->succeed();
  std::lock_guard lock(health->mutex_);
  auto& all = health->busy_;
  if (all.size() >= kMostBusy) {
    std::erase_if(all, [&](const auto& entry) { return entry.second <= now; });
  }
  if (all.size() >= kMostBusy && !all.contains(model)) return;
  const auto time = rest.value_or(kBusyUnsaid);
  all[model] = now + std::clamp(time, 0ms, kLongestBusy);
  health->has_busy_ = true;
}

}  // namespace nufi::gateway
