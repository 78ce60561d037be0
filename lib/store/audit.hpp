#pragma once

#include "lib/base/clock.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace nufi::store {

/// One change through any door: who did what to what. `before` and `after` are JSON objects (or "")
/// that hold what the change is about, and never a secret (lib/service/audit.hpp makes them).
struct AuditEntry {
  Timestamp time;
  std::string actor;              ///< account id, or "system"
  std::int64_t uid = -1;          ///< operating-system user, -1 = none
  std::string action;             ///< "key.create", "upstream.remove", …
  std::string subject;            ///< id of what was changed
  std::string before;             ///< "" = it was not there
  std::string after;              ///< "" = it is gone
  std::string username = {};      ///< login name of the actor then
  std::string subject_name = {};  ///< what people called the subject then; "" = it has only its id
  std::int64_t id = 0;            ///< its place in the log, from 1; given by the store
  std::string via = {};           ///< the door, besides the Unix socket: "tok_…", "console"
};

/// Who changed what. Written by the other interfaces, in the transaction of the change.
class AuditLog {
 public:
  virtual ~AuditLog() = default;
  /// The newest `limit` entries whose id is below `before` (0 = all), newest first.
  virtual std::vector<AuditEntry> newest(std::int64_t limit, std::int64_t before = 0) = 0;
};

}  // namespace nufi::store
