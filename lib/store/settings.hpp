#pragma once

#include "lib/store/audit.hpp"

#include <map>
#include <string>
#include <string_view>

namespace nufi::store {

/// Settings that may change while nufid runs: name → text. Which names there are and what they may
/// hold is service/settings' business. Thread-safe. Throws Error{unavailable}.
class Settings {
 public:
  virtual ~Settings() = default;
  virtual void set(std::string_view name, std::string_view value, const AuditEntry& audit) = 0;
  /// Nothing happens (but the audit entry) if it was not set.
  virtual void unset(std::string_view name, const AuditEntry& audit) = 0;
  virtual std::map<std::string, std::string> all() = 0;
};

}  // namespace nufi::store
