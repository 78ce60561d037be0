#pragma once

#include "lib/base/clock.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace nufi::store {

/// One change through any door: who did what to what. `before` and `after` are JSON objects (or "")
/// that never hold a secret.
struct AuditEntry {
  Timestamp time;
  std::string actor;      ///< account id, or "system"
  std::int64_t uid = -1;  ///< operating-system user, -1 = none
  std::string action;     ///< "key.create", "upstream.remove", …
  std::string subject;    ///< id of what was changed
  std::string before;
  std::string after;
};

/// Who changed what. Written by the other interfaces, in the transaction of the change.
class AuditLog {
 public:
  virtual ~AuditLog() = default;
  /// The newest `limit` entries, newest first.
  virtual std::vector<AuditEntry> newest(std::int64_t limit) = 0;
};

}  // namespace nufi::store
