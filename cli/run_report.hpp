#pragma once

#include "cli/foreground.hpp"
#include "cli/run_key.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

/// What a run of a program has cost.
namespace nufi::cli {

struct RunReport {
  std::vector<std::string> command;
  Ending ending;
  Timestamp started_at;
  Timestamp ended_at;
  std::string parent;  ///< name of the key whose limits counted as well, or ""
  /// By model; none if nufid did not answer.
  std::optional<domain::UsageReport> usage;
  bool has_running_calls = false;  ///< they are not in `usage`
  std::string budget_reached;      ///< whose: "key", "project", "account"; "" = nobody's
  std::string unpriced_model;      ///< refused as no budget can hold what has no price; "" = none
};

/// Ends the key and counts what it has used, once its last calls are settled. Waits a few seconds
/// at most, and not at all when `hurry` says so.
void settle(Context& context, RunKey& key, RunReport& report, const std::function<bool()>& hurry);

/// The line for people.
std::string cost_line(const RunReport& report, const domain::KeyView& key);
api::Json to_json(const RunReport& report, const domain::KeyView& key);

}  // namespace nufi::cli
