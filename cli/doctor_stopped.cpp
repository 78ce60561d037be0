#include "cli/doctor_stopped.hpp"

#include "cli/format.hpp"
#include "lib/base/private_files.hpp"
#include "lib/base/shell.hpp"
#include "lib/domain/disk.hpp"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace nufi::cli {

using domain::fault;
using domain::HealthCheck;
using domain::healthy;
using domain::skipped;

namespace {

namespace fs = std::filesystem;

HealthCheck examine_files(const std::string& directory, unsigned uid) {
  const auto exposed = find_exposed(directory, uid);
  if (exposed.empty()) {
    return healthy("storage.files", directory + " is its owner's alone, or not there yet");
  }
  return fault("storage.files",
               exposed.front().path.string() + ": " + exposed.front().problem,
               "chmod -R u+rwX,go-rwx " + shell_quoted(directory));
}

HealthCheck examine_disk(const std::string& directory) {
  fs::path place = directory;
  std::error_code failure;
  // nufid makes what is not there yet: on the disk of what is.
  while (!fs::exists(place, failure) && place.has_relative_path()) place = place.parent_path();
  const fs::space_info space = fs::space(place, failure);
  if (failure) {
    return fault("storage.disk",
                 place.string() + " can't be asked for its space: " + failure.message(),
                 "is the disk still mounted?");
  }
  return domain::judge_disk(directory, space.available, space.capacity);
}

}  // namespace

std::optional<LastRun> read_last_run(const std::string& log) {
  struct stat status {};
  if (log.empty() || ::stat(log.c_str(), &status) != 0) return std::nullopt;
  LastRun last;
  last.words = words_since_ready(end_of_file(log, 0));
  if (last.words.message.empty()) return std::nullopt;
  last.time = Timestamp(
      std::chrono::duration_cast<Timestamp::duration>(std::chrono::seconds(status.st_mtim.tv_sec)));
  last.log = log;
  return last;
}

HealthCheck judge_stopped(const std::string& finding,
                          const std::string& remedy,
                          const std::optional<LastRun>& last,
                          Timestamp now) {
  constexpr const char* kName = "daemon.running";
  if (!last) return fault(kName, finding, remedy);
  const std::string hint = for_nufi(last->words.hint);
  return fault(
      kName,
      fmt::format(
          "{}; its last words ({}): {}", finding, human_ago(last->time, now), last->words.message),
      fmt::format("{}{}; its log is {}", hint.empty() ? "" : hint + "; then ", remedy, last->log));
}

std::vector<HealthCheck> examine_left_data(const std::string& directory, unsigned uid) {
  if (directory.empty()) {
    constexpr const char* kWhy = "nobody knows where its data is: set HOME or XDG_DATA_HOME";
    return {skipped("storage.files", kWhy), skipped("storage.disk", kWhy)};
  }
  return {examine_files(directory, uid), examine_disk(directory)};
}

std::vector<HealthCheck> not_looked_at() {
  // As they are called where nufid looks at them; upstreams are its to name.
  constexpr std::array kNames = {"daemon.version",
                                 "ports.console",
                                 "storage.database",
                                 "storage.schema",
                                 "storage.journal",
                                 "storage.traces",
                                 "machine.time_zone",
                                 "machine.clock",
                                 "machine.tls",
                                 "upstreams.list",
                                 "prices.age",
                                 "prices.models",
                                 "keys.rotation",
                                 "keys.budget"};
  std::vector<HealthCheck> checks;
  for (const char* name : kNames) {
    checks.push_back(skipped(name, "nufid is not there to look at it"));
  }
  return checks;
}

}  // namespace nufi::cli
