#pragma once

#include "lib/base/secret.hpp"
#include "lib/base/sync.hpp"
#include "lib/domain/key.hpp"
#include "lib/domain/price.hpp"
#include "lib/domain/price_book.hpp"
#include "lib/domain/world.hpp"
#include "lib/service/data_plane.hpp"
#include "lib/service/vault.hpp"
#include "lib/store/store.hpp"

#include <map>
#include <string>
#include <vector>

namespace nufi::service {

/// Hands what is in the store to the data plane, with upstreams' secrets read and what lives only
/// as long as nufid (the demo) added. Secrets are remembered: a command does not run again because
/// a budget changed. Thread-safe; but call publish_… with the lock of changes held (Context).
class Publisher {
 public:
  /// An upstream that is not in the store, with the price of its model.
  struct BuiltIn {
    domain::ReadyUpstream upstream;
    domain::Price price;
  };

  Publisher(store::Store& store,
            DataPlane& data_plane,
            const Vault& vault,
            std::vector<BuiltIn> built_ins);

  /// Everything, at start: world and all keys, dead ones too (they are told why they are refused).
  /// Returns the keys that are not archived: reading them all takes a while.
  std::vector<domain::Key> publish_all();
  /// Accounts, projects, groups, upstreams and own prices. May run a command of a new upstream.
  void publish_world();
  void publish_key(const domain::Key& key);

  /// Reads files anew, and whatever could not be read; true if any secret is another one now. Slow:
  /// call without the lock of changes, and publish_world() if it says so.
  bool refresh_secrets();

  /// Every upstream, built-in ones last, with its secret as last read. Reads the ones not read yet.
  std::vector<domain::ReadyUpstream> upstreams();
  /// `upstream` with its secret read now, whatever was remembered.
  domain::ReadyUpstream read_anew(const domain::Upstream& upstream);

  [[nodiscard]] const std::vector<BuiltIn>& built_ins() const { return built_ins_; }
  /// Prices set by the operator, and those of built-in upstreams that none of them replaces.
  std::vector<domain::Price> own_prices();
  /// What models cost now.
  domain::PriceBook price_book();

 private:
  struct Known {
    domain::SecretSource source;
    Secret secret;
    std::string problem;
  };

  domain::ReadyUpstream ready(const domain::Upstream& upstream);

  store::Store& store_;
  DataPlane& data_plane_;
  const Vault& vault_;
  const std::vector<BuiltIn> built_ins_;
  Sync<std::map<domain::UpstreamId, Known>> known_;
};

}  // namespace nufi::service
