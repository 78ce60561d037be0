#include "lib/base/error.hpp"
#include "lib/base/private_files.hpp"
#include "lib/base/regular_file.hpp"
#include "lib/service/doctor_parts.hpp"
#include "lib/service/doctor_rules.hpp"
#include "lib/service/probe_client.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/traces.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace nufi::service {

using domain::HealthCheck;

namespace {

namespace fs = std::filesystem;

/// A look at the database takes so long at most: somebody waits for it.
constexpr std::chrono::milliseconds kPatience{3000};
/// Nothing but traces depends on theirs.
constexpr std::chrono::milliseconds kTracesPatience{1000};

struct JournalSize {
  std::uint64_t bytes = 0;
  std::size_t segments = 0;
};

JournalSize size_of_journal(const fs::path& directory) {
  JournalSize size;
  std::error_code failure;
  for (const auto& entry : fs::directory_iterator(directory, failure)) {
    const auto bytes = entry.file_size(failure);
    if (failure) continue;
    size.bytes += bytes;
    ++size.segments;
  }
  return size;
}

HealthCheck look_at_traces(const TraceArchive& traces) {
  try {
    // Read as others read it first: a file of another schema is not damaged, and is no use either.
    static_cast<void>(traces.store().list({.limit = 1, .key = std::nullopt, .before = {}}));
    return judge_traces(traces.store().check_integrity(kTracesPatience),
                        traces.problem(),
                        static_cast<std::uint64_t>(traces.store().bytes()));
  } catch (const Error& error) {
    return domain::fault("storage.traces",
                         error.what(),
                         "calls do not depend on them; begin anew without them: nufi traces delete "
                         "--all");
  }
}

}  // namespace

void examine_storage(const Context& context, Findings& findings) {
  const DaemonFacts& facts = context.facts;
  const fs::path directory = facts.data_dir;
  findings.push_back(
      judge_files(find_exposed(directory, static_cast<unsigned>(facts.owner_uid)), facts.data_dir));
  findings.push_back(judge_database(context.store.check_integrity(kPatience)));
  findings.push_back(
      domain::healthy("storage.schema", fmt::format("version {}", context.store.schema_version())));
  const JournalSize journal = size_of_journal(directory / "journal");
  findings.push_back(judge_journal(context.ledger.problem(), journal.bytes, journal.segments));
  findings.push_back(look_at_traces(context.traces));
  std::error_code failure;
  const fs::space_info space = fs::space(directory, failure);
  findings.push_back(failure ? domain::fault("storage.disk",
                                             "can't be asked for its space: " + failure.message(),
                                             "is the disk still mounted?")
                             : domain::judge_disk(facts.data_dir, space.available, space.capacity));
}

void examine_machine(const Context& context, Findings& findings) {
  context.ledger.sync();
  const auto newest = context.store.reports().requests({.account = std::nullopt,
                                                        .key = std::nullopt,
                                                        .model = {},
                                                        .status = {},
                                                        .since = std::nullopt,
                                                        .after = std::nullopt,
                                                        .before = std::nullopt,
                                                        .limit = 1});
  findings.push_back(judge_clock(
      context.clock.now(), newest.empty() ? std::nullopt : std::optional(newest.front().time)));
  std::vector<std::string> unreadable;
  const auto note_unreadable = [&](const std::string& file) {
    if (!file.empty() && !can_read_file(file)) unreadable.push_back(file);
  };
  note_unreadable(context.facts.ca_file);
  for (const auto& one : context.publisher.upstreams()) note_unreadable(one.upstream.ca_file);
  findings.push_back(judge_trust(count_system_roots(), unreadable));
}

}  // namespace nufi::service
