#pragma once

#include "lib/base/clock.hpp"
#include "lib/domain/ids.hpp"
#include "lib/domain/money.hpp"
#include "lib/domain/price.hpp"
#include "lib/domain/usage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::domain {

enum class RowStatus { running, ok, client_error, upstream_error, client_gone, cut, interrupted };
enum class CostBasis { exact, estimated, held, none };

std::string_view row_status_name(RowStatus status) noexcept;
std::optional<RowStatus> row_status_from_name(std::string_view name) noexcept;
std::string_view cost_basis_name(CostBasis basis) noexcept;
std::optional<CostBasis> cost_basis_from_name(std::string_view name) noexcept;

/// What became of one attempt of a call that took more than one.
struct Attempt {
  std::string upstream;  ///< its name then
  /// "ok", "http_503", "connect_failed", "timed_out", "broken", "closed_unused", "busy"
  std::string result;
  int http_status = 0;         ///< 0 = there was no reply
  std::int64_t total_us = -1;  ///< from its start to its end
  bool operator==(const Attempt&) const = default;
};

/// One call in the ledger (PRODUCT §6): written at admission as `running` with its hold, completed
/// at its end. Durations are milliseconds, -1 = did not get there.
struct LedgerRow {
  RequestId id;
  Timestamp time;  ///< admission; decides its cycle and rollup
  AccountId account;
  ProjectId project;
  KeyId key;
  std::string key_name;
  KeyId parent;          ///< the key whose windows count the call as well; empty = none
  std::string group;     ///< name
  std::string endpoint;  ///< "chat/completions"
  std::string model;
  std::string upstream;  ///< name; "" until one was chosen
  std::string upstream_model;
  bool stream = false;
  RowStatus status = RowStatus::running;
  int http_status = 0;     ///< what the client was sent; 0 = nothing yet
  std::string error_code;  ///< "" = none
  Usage usage;
  Money held;  ///< money the hold took while running
  std::int64_t held_tokens = 0;
  Money cost;                                   ///< charged
  Money upstream_cost;                          ///< without the group's multiplier
  std::optional<Money> upstream_reported_cost;  ///< the `cost` field of the reply's usage
  CostBasis basis = CostBasis::none;
  std::string price_id;
  /// What the cost was made of, beside usage and price, so that it can be made again. How far the
  /// usage itself can be trusted: `held` is a bound, `none` a call that used nothing.
  CostBasis usage_basis = CostBasis::none;
  ServiceTier tier = ServiceTier::standard;
  Multiplier multiplier = kMultiplierOne;
  int attempts = 0;
  std::vector<Attempt> tried;  ///< in order, where there was more than one; the first dozen
  bool bound_broken = false;   ///< cost more than was held
  std::int64_t hold_us = -1;   ///< microseconds; reported as ms
  std::int64_t connect_us = -1;
  std::int64_t first_byte_us = -1;
  std::int64_t total_us = -1;
  std::string client_ip;
  std::string user_agent;
};

}  // namespace nufi::domain
