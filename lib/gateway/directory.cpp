#include "lib/gateway/directory.hpp"

#include "lib/base/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace nufi::gateway {
namespace {

std::string authorization_of(const Secret& secret) {
  return secret.empty() ? std::string() : "Bearer " + secret.expose();
}

}  // namespace

const domain::Price* World::price(const domain::Upstream& upstream,
                                  std::string_view model,
                                  std::string_view asked) const {
  return prices.find(upstream, model, asked);
}

std::vector<domain::Candidate> World::candidates(const domain::Group& group,
                                                 std::string_view model,
                                                 std::uint64_t random) const {
  return domain::candidates(upstreams, prices.listed(), group, model, random);
}

std::size_t Directory::DigestHash::operator()(const Sha256& digest) const noexcept {
  std::size_t hash = 0;
  std::memcpy(&hash, digest.data(), sizeof(hash));
  return hash;
}

void Directory::put_keys(const std::vector<domain::Key>& keys) {
  for (const auto& key : keys) {
    auto value = std::make_shared<const domain::Key>(key);
    note_parent(value);
    if (key.former) {
      // Just rotated, it still stands under the secret it had; what that one replaced is forgotten.
      const auto before = find_key(key.former->digest);
      if (before && before->former && before->former->digest != key.former->digest) {
        drop_key(before->former->digest);
      }
      put_key(key.former->digest, value);
    }
    put_key(key.digest, std::move(value));
  }
}

void Directory::remove_key(const domain::Key& key) {
  drop_key(key.digest);
  if (key.former) drop_key(key.former->digest);
  const std::lock_guard lock(parents_mutex_);
  parents_.erase(key.id);
}

void Directory::note_parent(const std::shared_ptr<const domain::Key>& key) {
  if (!key->parent.empty()) return;  // a child of a child there is not
  const std::lock_guard lock(parents_mutex_);
  if (key->revoked_at) {
    parents_.erase(key->id);
  } else {
    parents_.insert_or_assign(key->id, key);
  }
}

std::shared_ptr<const domain::Key> Directory::find_parent(const domain::KeyId& id) const {
  const std::lock_guard lock(parents_mutex_);
  const auto found = parents_.find(id);
  return found == parents_.end() ? nullptr : found->second;
}

void Directory::put_key(const Sha256& digest, std::shared_ptr<const domain::Key> key) {
  auto& shard = shard_of(digest);
  std::lock_guard lock(shard.mutex);
  shard.keys[digest].swap(key);
}

void Directory::drop_key(const Sha256& digest) {
  auto& shard = shard_of(digest);
  std::lock_guard lock(shard.mutex);
  shard.keys.erase(digest);
}

std::shared_ptr<const domain::Key> Directory::find_key(const Sha256& digest) const {
  const auto& shard = shards_[digest[31] % shards_.size()];
  std::lock_guard lock(shard.mutex);
  auto found = shard.keys.find(digest);
  return found == shard.keys.end() ? nullptr : found->second;
}

std::shared_ptr<const World> Directory::world() const {
  std::lock_guard lock(world_mutex_);
  return world_;
}

ReadyUpstream Directory::make_ready(domain::ReadyUpstream given, const World* before) {
  ReadyUpstream ready;
  ready.upstream = std::make_shared<const domain::Upstream>(given.upstream);
  ready.authorization = authorization_of(given.secret);
  ready.api_key = given.secret.expose();
  ready.problem = std::move(given.problem);

  const ReadyUpstream* earlier = nullptr;
  if (before != nullptr) {
    auto found = before->ready.find(given.upstream.id);
    if (found != before->ready.end()) earlier = &found->second;
  }
  // Whoever mended its address or secret must not wait for a rest that the old ones earned.
  const bool is_asked_alike = earlier && earlier->api_key == ready.api_key &&
                              earlier->upstream->url.text() == given.upstream.url.text() &&
                              earlier->upstream->headers == given.upstream.headers &&
                              earlier->upstream->ca_file == given.upstream.ca_file;
  ready.health = is_asked_alike ? earlier->health : std::make_shared<UpstreamHealth>();
  ready.refuses_stream_options =
      earlier ? earlier->refuses_stream_options : std::make_shared<std::atomic<bool>>(false);
  ready.target = make_target(given.upstream, earlier);
  return ready;
}

std::shared_ptr<const net::Target> Directory::make_target(const domain::Upstream& upstream,
                                                          const ReadyUpstream* earlier) const {
  const auto& url = upstream.url;
  // The same place keeps its target, and with it the connections that are open to it.
  if (earlier && earlier->target && earlier->upstream->url.text() == url.text() &&
      earlier->upstream->ca_file == upstream.ca_file &&
      earlier->upstream->max_connections == upstream.max_connections) {
    return earlier->target;
  }
  auto target = std::make_shared<net::Target>();
  target->host = url.host;
  target->port = url.port;
  if (url.tls) {
    const auto& own = upstream.ca_file;
    target->tls = std::make_shared<const net::TlsContext>(own.empty() ? ca_file_ : own);
  }
  if (const auto* proxy = proxies_.for_url(url)) {
    target->tunnel = net::Tunnel{proxy->host, proxy->port, proxy->authorization()};
  }
  if (upstream.max_connections) {
    const auto most = std::max<std::int64_t>(1, *upstream.max_connections);
    target->limit = std::make_shared<net::ConnectionLimit>(static_cast<std::size_t>(most));
  }
  return target;
}

void Directory::put_world(domain::World given) {
  const auto before = world();
  auto next = std::make_shared<World>();
  for (auto& account : given.accounts) next->accounts.emplace(account.id, std::move(account));
  for (auto& project : given.projects) next->projects.emplace(project.id, std::move(project));
  for (auto& group : given.groups) next->groups.emplace(group.id, std::move(group));
  for (auto& upstream : given.upstreams) {
    const auto id = upstream.upstream.id;
    try {
      auto ready = make_ready(upstream, before.get());
      next->upstreams.push_back(ready.upstream);
      next->ready.emplace(id, std::move(ready));
    } catch (const Error& error) {
      // One upstream whose certificates can't be read must not take the others down.
      ReadyUpstream broken;
      broken.upstream = std::make_shared<const domain::Upstream>(upstream.upstream);
      broken.problem = error.what();
      broken.health = std::make_shared<UpstreamHealth>();
      broken.refuses_stream_options = std::make_shared<std::atomic<bool>>(false);
      next->upstreams.push_back(broken.upstream);
      next->ready.emplace(id, std::move(broken));
    }
  }
  next->prices = domain::PriceBook(std::move(given.own_prices), std::move(given.imported_prices));
  std::lock_guard lock(world_mutex_);
  world_ = std::move(next);
}

void Directory::upstream_answered(const domain::UpstreamId& id) {
  const auto current = world();
  const auto found = current->ready.find(id);
  if (found != current->ready.end()) found->second.health->succeed();
}

std::string Directory::health(const domain::UpstreamId& id, SteadyTime now) const {
  const auto current = world();
  auto found = current->ready.find(id);
  return found == current->ready.end() ? "unknown" : found->second.health->text(now);
}

}  // namespace nufi::gateway
