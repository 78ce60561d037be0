#pragma once

#include "lib/domain/price.hpp"
#include "lib/store/audit.hpp"

#include <string_view>
#include <vector>

namespace nufi::store {

/// Prices set by the operator, one per model name, and those imported from a list, one per model
/// and provider; both win over the catalogue, and the operator's over the list's. Thread-safe.
/// Throws Error{unavailable} if the database can't be read or written.
class Prices {
 public:
  virtual ~Prices() = default;
  /// Inserts or replaces the price of `price.model`.
  virtual void set(const domain::Price& price, const AuditEntry& audit) = 0;
  /// Takes away what was set for `model`, or else what was imported for it. Throws Error{not_found}
  /// if there is neither.
  virtual void unset(std::string_view model, const AuditEntry& audit) = 0;
  /// Inserts or replaces imported prices, all or none.
  virtual void import(const std::vector<domain::Price>& prices, const AuditEntry& audit) = 0;
  /// Those set by the operator, by model.
  virtual std::vector<domain::Price> list() = 0;
  /// Those imported, by model and provider.
  virtual std::vector<domain::Price> imported() = 0;
};

}  // namespace nufi::store
