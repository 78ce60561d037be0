#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/key.hpp"
#include "lib/domain/price_book.hpp"
#include "lib/domain/proxy.hpp"
#include "lib/domain/route.hpp"
#include "lib/domain/world.hpp"
#include "lib/gateway/upstream_health.hpp"
#include "lib/net/upstream_call.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace nufi::gateway {

/// An upstream as calls need it. Immutable but for its health, which outlives changes that leave
/// alone where and with what it is asked.
struct ReadyUpstream {
  std::shared_ptr<const domain::Upstream> upstream;
  /// Null while there is a problem with its CA file or the proxy.
  std::shared_ptr<const net::Target> target;
  std::string authorization;  ///< value of the header, "" = none
  std::string api_key;        ///< the same secret for x-api-key, "" = none
  std::string problem;        ///< why its secret can't be read, "" = ready
  std::shared_ptr<UpstreamHealth> health;
  /// It refused `stream_options` once; not asked again.
  std::shared_ptr<std::atomic<bool>> refuses_stream_options;
};

/// Everything calls depend on but keys, as it was at one moment. Immutable.
struct World {
  std::unordered_map<domain::AccountId, domain::Account> accounts;
  std::unordered_map<domain::ProjectId, domain::Project> projects;
  std::unordered_map<domain::GroupId, domain::Group> groups;
  std::vector<std::shared_ptr<const domain::Upstream>> upstreams;
  std::unordered_map<domain::UpstreamId, ReadyUpstream> ready;
  domain::PriceBook prices;

  /// See PriceBook::find().
  [[nodiscard]] const domain::Price* price(const domain::Upstream& upstream,
                                           std::string_view model,
                                           std::string_view asked) const;
  /// See domain::candidates().
  [[nodiscard]] std::vector<domain::Candidate> candidates(const domain::Group& group,
                                                          std::string_view model,
                                                          std::uint64_t random) const;
};

/// What the data plane knows, handed over on every change, so that it counts for the next call.
/// Thread-safe; readers share immutable values and wait for nobody.
class Directory {
 public:
  /// `ca_file`: extra roots for all upstreams, "" = none. `proxies`: how https upstreams are
  /// reached.
  explicit Directory(std::string ca_file, domain::ProxyRules proxies = {})
      : ca_file_(std::move(ca_file)), proxies_(std::move(proxies)) {}

  /// New and changed keys. A key is found by its secret and by the former one it was rotated from,
  /// dead or not.
  void put_keys(const std::vector<domain::Key>& keys);
  void remove_key(const domain::Key& key);
  /// An upstream whose CA file can't be read, or whose proxy is not to be understood, stands there
  /// with its problem.
  void put_world(domain::World world);

  [[nodiscard]] std::shared_ptr<const domain::Key> find_key(const Sha256& digest) const;
  /// A key that others can be children of; null for one that is revoked or gone.
  [[nodiscard]] std::shared_ptr<const domain::Key> find_parent(const domain::KeyId& id) const;
  [[nodiscard]] std::shared_ptr<const World> world() const;
  /// It answers, as a test of it has seen: a rest is over.
  void upstream_answered(const domain::UpstreamId& id);
  /// See UpstreamHealth::text().
  [[nodiscard]] std::string health(const domain::UpstreamId& id, SteadyTime now) const;

 private:
  struct DigestHash {
    std::size_t operator()(const Sha256& digest) const noexcept;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<Sha256, std::shared_ptr<const domain::Key>, DigestHash> keys;
  };

  Shard& shard_of(const Sha256& digest) { return shards_[digest[31] % shards_.size()]; }
  void put_key(const Sha256& digest, std::shared_ptr<const domain::Key> key);
  void drop_key(const Sha256& digest);
  void note_parent(const std::shared_ptr<const domain::Key>& key);

  ReadyUpstream make_ready(domain::ReadyUpstream given, const World* before);

  std::shared_ptr<const net::Target> make_target(const domain::Upstream& upstream,
                                                 const ReadyUpstream* earlier) const;

  const std::string ca_file_;
  const domain::ProxyRules proxies_;
  std::array<Shard, 16> shards_;
  mutable std::mutex parents_mutex_;
  std::unordered_map<domain::KeyId, std::shared_ptr<const domain::Key>> parents_;
  mutable std::mutex world_mutex_;
  std::shared_ptr<const World> world_ = std::make_shared<World>();
};

}  // namespace nufi::gateway
