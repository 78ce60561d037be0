#pragma once

#include "lib/domain/upstream.hpp"
#include "lib/store/audit.hpp"

#include <string_view>
#include <vector>

namespace nufi::store {

/// Upstreams; a stored secret arrives and leaves sealed. `built_in` is not kept. One method is one
/// transaction. Thread-safe. Throws Error{unavailable} if the database can't be read or written.
class Upstreams {
 public:
  virtual ~Upstreams() = default;
  /// Throws Error{conflict} for a name taken.
  virtual void insert(const domain::Upstream& upstream, const AuditEntry& audit) = 0;
  /// Throws Error{not_found} if the id is gone, Error{conflict} for a name taken.
  virtual void update(const domain::Upstream& upstream, const AuditEntry& audit) = 0;
  /// Throws Error{not_found} if the id is gone.
  virtual void remove(const domain::UpstreamId& id, const AuditEntry& audit) = 0;
  /// By name.
  virtual std::vector<domain::Upstream> list() = 0;
};

}  // namespace nufi::store
