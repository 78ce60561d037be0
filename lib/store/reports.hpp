#pragma once

#include "lib/base/clock.hpp"
#include "lib/base/time_zone.hpp"
#include "lib/domain/ids.hpp"
#include "lib/domain/ledger_row.hpp"
#include "lib/store/ledger_store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nufi::store {

struct UsageFilter {
  Timestamp from;  ///< inclusive, a quarter of an hour
  Timestamp to;    ///< exclusive
  std::optional<domain::AccountId> account;
  std::optional<domain::ProjectId> project;
  std::optional<domain::KeyId> key;  ///< and its children
};

enum class GroupBy { model, key, project, group, upstream, account };

/// What to sum up, all of it at one moment.
struct UsageQuestion {
  UsageFilter filter;
  /// Starts of intervals, quarters of an hour, ascending, the first at filter.from: each lasts to
  /// the next, the last to filter.to.
  std::vector<Timestamp> starts;
  std::optional<GroupBy> by;
  std::int64_t most = 0;  ///< only the dearest so many by `by`; 0 = all
};

/// Sums of what `name` stands for (an id for key, project and account).
struct NamedSums {
  std::string name;
  RollupSums sums;
};
struct UsageSums {
  std::vector<RollupSums> intervals;  ///< one for each start
  std::vector<NamedSums> by;          ///< dearest first, then by requests, then by name
};

struct RequestFilter {
  std::optional<domain::AccountId> account;
  std::optional<domain::KeyId> key;
  std::string model;   ///< "" = any
  std::string status;  ///< "" = any
  std::optional<Timestamp> since;
  std::optional<domain::RequestId> after;   ///< only newer ones, oldest first (for --follow)
  std::optional<domain::RequestId> before;  ///< only older ones (paging)
  std::int64_t limit = 50;                  ///< at most so many; 0 = none
};

/// Reads of the ledger for people. Thread-safe, read-only. Throws Error{unavailable}.
class Reports {
 public:
  virtual ~Reports() = default;
  virtual UsageSums usage(const UsageQuestion& question) = 0;
  /// Newest first (oldest first with `after`).
  virtual std::vector<domain::LedgerRow> requests(const RequestFilter& filter) = 0;
};

}  // namespace nufi::store
