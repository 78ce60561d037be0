#pragma once

#include "lib/domain/call.hpp"
#include "lib/domain/key.hpp"
#include "lib/domain/views.hpp"
#include "lib/domain/world.hpp"

#include <string>
#include <vector>

namespace nufi::service {

/// What the use cases need of the data plane: every change is handed to it before the use case
/// returns, so it counts for the very next call. Thread-safe; does not block.
class DataPlane {
 public:
  virtual ~DataPlane() = default;
  /// New and changed keys. The running streams of a revoked one are cut.
  virtual void publish_keys(const std::vector<domain::Key>& keys) = 0;
  /// Forgets a key and cuts its running streams; its children may not call any more.
  virtual void remove_key(const domain::Key& key) = 0;
  /// Replaces accounts, projects, groups, upstreams and own prices.
  virtual void publish_world(domain::World world) = 0;
  /// Would `call` of `key` be admitted now? By the very rules that calls pass; nothing is held.
  [[nodiscard]] virtual domain::CheckView check(const domain::Key& key,
                                                const domain::Call& call) const = 0;
  /// An upstream answers, as a test has seen: calls go there again, though it may rest.
  virtual void upstream_answered(const domain::UpstreamId& id) = 0;
  /// "ok", "unknown" or "failing: <why>", for an upstream by id.
  [[nodiscard]] virtual std::string upstream_health(const domain::UpstreamId& id) const = 0;
  /// It takes no more calls, as nufid is to stop.
  [[nodiscard]] virtual bool is_draining() const = 0;
};

}  // namespace nufi::service
