#include "lib/net/upstream_pool.hpp"

#include <algorithm>
#include <utility>

namespace nufi::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdleTime = 60s;
constexpr auto kSweepEvery = 15s;
constexpr std::size_t kMostIdle = 256;  ///< per target and loop

}  // namespace

UpstreamPool::UpstreamPool(Loop& loop, Resolver& resolver)
    : loop_(loop), resolver_(resolver), next_sweep_(loop, [this] { sweep(); }) {}

UpstreamPool::~UpstreamPool() {
  for (const auto& known : limits_) {
    if (const auto limit = known.lock()) limit->forget(*this);
  }
}

std::unique_ptr<UpstreamConnection> UpstreamPool::make(std::shared_ptr<const Target> target,
                                                       ConnectionLimit::Place place) {
  return std::make_unique<UpstreamConnection>(
      loop_, resolver_, std::move(target), std::move(place));
}

std::unique_ptr<UpstreamConnection> UpstreamPool::take(const Target& target) {
  auto found = idle_.find(&target);
  if (found == idle_.end()) return nullptr;
  auto& connections = found->second;
  while (!connections.empty()) {
    auto connection = std::move(connections.back());
    connections.pop_back();
    if (connection->is_quiet()) return connection;
  }
  return nullptr;
}

void UpstreamPool::give_back(std::unique_ptr<UpstreamConnection> connection) {
  connection->idle_since = std::chrono::steady_clock::now();
  connection->limit(0ms);
  if (const auto limit = connection->target()->limit) {
    limit->pass_on(*this, connection);
    if (!connection) return;
    const auto is_this = [&](const auto& known) { return known.lock() == limit; };
    if (std::none_of(limits_.begin(), limits_.end(), is_this)) {
      std::erase_if(limits_, [](const auto& known) { return known.expired(); });
      limits_.push_back(limit);
      limit->remember(*this);
    }
  }
  auto& connections = idle_[connection->target().get()];
  if (connections.size() >= kMostIdle) connections.pop_front();
  connections.push_back(std::move(connection));
  if (idle_.size() == 1 && connections.size() == 1) next_sweep_.set(kSweepEvery);
}

void UpstreamPool::close_idle_soon(const std::shared_ptr<ConnectionLimit>& limit) {
  loop_.post([this, limit] { close_idle(*limit); });
}

void UpstreamPool::close_idle(const ConnectionLimit& limit) {
  for (auto& [target, connections] : idle_) {
    if (target->limit.get() != &limit) continue;
    while (limit.is_awaited() && !connections.empty()) connections.pop_front();
  }
}

void UpstreamPool::sweep() {
  const auto oldest = std::chrono::steady_clock::now() - kIdleTime;
  for (auto entry = idle_.begin(); entry != idle_.end();) {
    auto& connections = entry->second;
    while (!connections.empty() && connections.front()->idle_since < oldest) {
      connections.pop_front();
    }
    entry = connections.empty() ? idle_.erase(entry) : std::next(entry);
  }
  if (!idle_.empty()) next_sweep_.set(kSweepEvery);
}

}  // namespace nufi::net
