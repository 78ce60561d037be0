#pragma once

#include "lib/domain/ledger_row.hpp"
#include "lib/domain/price.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

/// What calls of the past cost at the prices of today.
namespace nufi::domain {

struct Charge {
  Money cost;
  Money upstream_cost;
  CostBasis basis = CostBasis::none;
  std::string price_id;
  bool operator==(const Charge&) const = default;
};

/// The charge that a row has.
Charge charge_of(const LedgerRow& row);

/// Whether a row may be charged anew: it has ended, its usage is known or estimated, and it was not
/// of a free upstream. What was charged as its hold stays: there is nothing to count it by.
bool is_rechargeable(const LedgerRow& row);

/// What the row costs at `price`, by its usage, service tier and the multiplier it was made with.
/// Precondition: is_rechargeable(). Throws Error{internal} if it exceeds Money.
Charge charge_at(const LedgerRow& row, const Price& price);

/// Which calls to charge anew.
struct RepriceTerms {
  Timestamp since;                 ///< inclusive
  std::optional<Timestamp> until;  ///< exclusive; std::nullopt: now
  std::string model;               ///< as clients name it; "" = any
  RequestId after;                 ///< only later calls: to go on where a report ended; {0} = all
  bool dry_run = false;            ///< only tell what would change
};

struct RepriceSums {
  std::int64_t rows = 0;     ///< completed rows of the range
  std::int64_t changed = 0;  ///< of them get another charge
  std::int64_t kept = 0;     ///< of them can't be charged anew, or nobody knows a price
  Money old_cost;            ///< of all rows
  Money new_cost;

  RepriceSums& operator+=(const RepriceSums& other);
};

/// What `nufi reprice` would do, or did.
struct RepriceReport {
  Timestamp from;
  Timestamp to;
  RepriceSums totals;
  std::map<std::string, RepriceSums> models;  ///< by name
  bool applied = false;
  std::optional<RequestId> next;  ///< there is more to do after this call

  /// Adds the report of the calls after `next`.
  void go_on_with(const RepriceReport& later);
};

}  // namespace nufi::domain
