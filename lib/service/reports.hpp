#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/views.hpp"
#include "lib/service/actor.hpp"
#include "lib/service/context.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// Reports of the ledger: an admin sees everybody's calls, a member its own. Each waits until all
/// that was recorded is in the database, and blocks on it: Error{unavailable}.
namespace nufi::service {

struct UsageQuery {
  std::optional<std::int64_t> days;  ///< today and the days before it: 1 to 3660, default 30
  std::optional<Timestamp> from;     ///< instead of days; moves to the quarter of an hour before
  std::optional<Timestamp> to;       ///< exclusive, default now; moves to the quarter after
  std::string by = "model";          ///< model, key, project, group, upstream, account, day
  std::string key;                   ///< only of this key (name, id or prefix); "" = all
  std::string project;               ///< only of this project of the actor; "" = all
  std::string timezone;              ///< whose days; "" = the setting's
  bool only_own = false;             ///< an admin's own calls only
  std::optional<std::int64_t> top;   ///< only the dearest so many by `by`; days are all shown
};
/// Totals, every day of the range (also those without calls) and the sums by what was asked,
/// dearest first. Throws Error{invalid} for a query that makes no sense.
domain::UsageReport report_usage(const Context& context,
                                 const Actor& actor,
                                 const UsageQuery& query);

struct RequestQuery {
  std::int64_t last = 50;  ///< 1 to 10000
  std::string key;
  std::string model;
  std::string status;
  std::optional<Timestamp> since;
  std::string after;   ///< request id: only newer ones, oldest first
  std::string before;  ///< request id: only older ones
};
/// Newest first (oldest first with `after`); `next` goes on in the same direction.
Page<domain::RequestView> list_requests(const Context& context,
                                        const Actor& actor,
                                        const RequestQuery& query);

/// Proves rows = rollups = windows. Admins only. May take seconds on a large ledger.
store::VerifyReport verify_ledger(const Context& context, const Actor& actor);

/// What runs, and what the actor has spent.
domain::StatusView show_status(const Context& context, const Actor& actor);

}  // namespace nufi::service
