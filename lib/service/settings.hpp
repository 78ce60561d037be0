#pragma once

#include "lib/base/time_zone.hpp"
#include "lib/domain/cycle.hpp"
#include "lib/domain/money.hpp"
#include "lib/domain/trace.hpp"
#include "lib/store/settings.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nufi::service {

struct Actor;
struct Context;

/// All settings, read. What is not set has its default.
struct SettingValues {
  TimeZone timezone;                            ///< of cycles and reports
  std::chrono::milliseconds hold_wait{2000};    ///< how long a call waits for room
  std::optional<domain::Money> default_budget;  ///< of a new account
  domain::Period default_budget_period = domain::Period::month;
  std::optional<std::int64_t> default_token_limit;  ///< of a new account
  domain::Period default_token_limit_period = domain::Period::month;
  bool drain_on_disconnect = false;   ///< read on when the client left, for the exact usage
  int budget_status = 429;            ///< HTTP status of `Budget reached`: 429 or 402
  std::optional<int> keep_days = 90;  ///< how long ledger rows are kept; std::nullopt = for ever
  domain::TraceMode trace = domain::TraceMode::off;       ///< of all calls, beside those of keys
  int trace_days = 7;                                     ///< how long traces are kept
  std::int64_t trace_most_bytes = std::int64_t{1} << 30;  ///< what they may take
};

/// A setting as it is shown.
struct SettingView {
  std::string name;
  std::optional<std::string> value;  ///< std::nullopt = not set, the default counts
  std::string default_value;
  std::string description;
  std::vector<std::string> words;  ///< all it may be; empty when that can not be listed
};

/// Wishes by name; std::nullopt goes back to the default.
using SettingChanges = std::map<std::string, std::optional<std::string>>;

/// What is in the store. Throws Error{invalid} naming a setting that can't be read (a time zone
/// that is gone), Error{unavailable}.
SettingValues read_settings(store::Settings& settings);

/// All settings in the order of the table.
std::vector<SettingView> list_settings(const Context& context, const Actor& actor);

/// Sets or resets, all or none; returns all. Throws Error{invalid} for an unknown name or a bad
/// value, Error{not_permitted} for members.
std::vector<SettingView> change_settings(const Context& context,
                                         const Actor& actor,
                                         const SettingChanges& changes);

/// "2s", "500ms", "1m", "0": a wait of at most an hour. Throws Error{invalid} calling it `what`.
std::chrono::milliseconds parse_wait(std::string_view text, std::string_view what);

}  // namespace nufi::service
