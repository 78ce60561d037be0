#include "lib/net/upstream_pool.hpp"

#include <utility>

namespace nufi::net {
namespace {

using namespace std::chrono_literals;

constexpr auto kIdleTime = 60s;
constexpr auto kSweepEvery = 15s;
constexpr std::size_t kMostIdle = 256;  ///< per target and loop

}  // namespace

UpstreamPool::UpstreamPool(Loop& loop) : loop_(loop), next_sweep_(loop, [this] { sweep(); }) {}

std::unique_ptr<UpstreamConnection> UpstreamPool::make(std::shared_ptr<const Target> target) {
  return std::make_unique<UpstreamConnection>(loop_, std::move(target));
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
  auto& connections = idle_[connection->target().get()];
  if (connections.size() >= kMostIdle) connections.pop_front();
  connections.push_back(std::move(connection));
  if (idle_.size() == 1 && connections.size() == 1) next_sweep_.set(kSweepEvery);
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
