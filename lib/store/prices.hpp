#pragma once

#include "lib/domain/price.hpp"
#include "lib/store/audit.hpp"

#include <string_view>
#include <vector>

namespace nufi::store {

/// Prices set by the operator; they win over the catalogue. One per model name. Thread-safe. Throws
/// Error{unavailable} if the database can't be read or written.
class Prices {
 public:
  virtual ~Prices() = default;
  /// Inserts or replaces the price of `price.model`.
  virtual void set(const domain::Price& price, const AuditEntry& audit) = 0;
  /// Throws Error{not_found} if there is none.
  virtual void unset(std::string_view model, const AuditEntry& audit) = 0;
  virtual std::vector<domain::Price> list() = 0;
};

}  // namespace nufi::store
