#pragma once

#include "cli/daemon_log.hpp"
#include "lib/base/clock.hpp"
#include "lib/domain/health.hpp"

#include <optional>
#include <string>
#include <vector>

/// What can be told of a nufid that does not run: why it ended, and of what it left.
namespace nufi::cli {

/// How nufid ended, as its log tells.
struct LastRun {
  LastWords words;
  Timestamp time;   ///< when the log was last written
  std::string log;  ///< its path
};
/// std::nullopt if the log is not there, or names no error since nufid was last ready.
std::optional<LastRun> read_last_run(const std::string& log);

/// `finding` and `remedy` as they are told of a nufid that nobody knows more of.
domain::HealthCheck judge_stopped(const std::string& finding,
                                  const std::string& remedy,
                                  const std::optional<LastRun>& last,
                                  Timestamp now);

/// Files and disk of its data in `directory`, which need not be there yet; "" = not known.
std::vector<domain::HealthCheck> examine_left_data(const std::string& directory, unsigned uid);

/// All that nufid alone can look at.
std::vector<domain::HealthCheck> not_looked_at();

}  // namespace nufi::cli
