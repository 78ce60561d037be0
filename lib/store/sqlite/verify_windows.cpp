// One walk over the rollups adds each to the windows of its key, project and account whose cycle
// holds it. Cycles that do not start and end with a quarter of an hour (minutes) are summed from
// the rows instead. So the work grows with the ledger, not with ledger × windows.

#include "lib/store/sqlite/verify_windows.hpp"

#include "lib/base/text.hpp"
#include "lib/store/sqlite/requests.hpp"
#include "lib/store/sqlite/rollups.hpp"
#include "lib/store/sqlite/values.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace nufi::store::sqlite {
namespace {

enum class Source { rollups, rows };

/// A stored window and what it should have.
struct Checked {
  domain::Cycle cycle;
  std::int64_t spent = 0;
  std::int64_t adjustment = 0;
  std::int64_t sum = 0;  ///< of what its subject used in the cycle
  Source source = Source::rollups;
  [[nodiscard]] bool is_right() const { return spent == sum + adjustment; }
};

/// The cycles of one window, by their start.
using Cycles = std::vector<Checked>;
using Subject = std::pair<domain::Scope, std::string>;
using Kind = std::pair<domain::Metric, domain::Period>;
using Windows = std::map<Subject, std::map<Kind, Cycles>>;

/// When something was last used of a metric.
using LastUse = std::map<std::pair<Subject, domain::Metric>, Timestamp>;

/// What was used at a moment, and by whom.
struct Used {
  Timestamp time;
  std::string account;
  std::string project;
  std::string key;
  std::string parent;  ///< of the key, "" = none
  std::int64_t cost = 0;
  std::int64_t tokens = 0;
};

Windows read_windows(Connection& connection) {
  Query row(connection.prepared(
      "SELECT scope, subject, metric, period, cycle_start, cycle_end, spent, adjustment "
      "FROM windows ORDER BY scope, subject, metric, period, cycle_start"));
  Windows windows;
  while (row.step()) {
    const auto scope = row.text();
    auto subject = row.text();
    const auto metric = row.text();
    const auto period = read_period(row);
    Checked window;
    window.cycle.start = row.time();
    window.cycle.end = row.time();
    window.spent = row.integer();
    window.adjustment = row.integer();
    const bool in_quarters = is_quarter(window.cycle.start) &&
                             (window.cycle.end == Timestamp::max() || is_quarter(window.cycle.end));
    window.source = in_quarters ? Source::rollups : Source::rows;
    windows[{known(domain::scope_from_name(scope), "scope", scope), std::move(subject)}]
           [{known(domain::metric_from_name(metric), "metric", metric), period}]
               .push_back(window);
  }
  return windows;
}

/// The least start of a cycle that is summed from rows; Timestamp::max() if there is none.
Timestamp earliest_from_rows(const Windows& windows) {
  auto earliest = Timestamp::max();
  for (const auto& [subject, kinds] : windows) {
    for (const auto& [kind, cycles] : kinds) {
      for (const auto& window : cycles) {
        if (window.source == Source::rows) earliest = std::min(earliest, window.cycle.start);
      }
    }
  }
  return earliest;
}

void note_use(LastUse& last_use,
              domain::Scope scope,
              const std::string& subject,
              const Used& used) {
  const auto note = [&](domain::Metric metric, std::int64_t amount) {
    if (amount == 0) return;
    auto& last = last_use[{{scope, subject}, metric}];
    last = std::max(last, used.time);
  };
  note(domain::Metric::usd, used.cost);
  note(domain::Metric::tokens, used.tokens);
}

void add_to(Windows& windows,
            domain::Scope scope,
            const std::string& subject,
            const Used& used,
            Source source) {
  auto found = windows.find({scope, subject});
  if (found == windows.end()) return;
  for (auto& [kind, cycles] : found->second) {
    auto behind = std::upper_bound(
        cycles.begin(), cycles.end(), used.time, [](Timestamp time, const Checked& window) {
          return time < window.cycle.start;
        });
    // A changed time zone makes cycles that overlap; those of one length end in their order, too.
    while (behind != cycles.begin() && (--behind)->cycle.holds(used.time)) {
      if (behind->source != source) continue;
      behind->sum += kind.first == domain::Metric::usd ? used.cost : used.tokens;
    }
  }
}

/// `last_use` gets what was used at `kept_from` or later.
void add_all(Windows& windows, Query& row, Source source, Timestamp kept_from, LastUse& last_use) {
  while (row.step()) {
    Used used;
    used.time = row.time();
    used.account = row.text();
    used.project = row.text();
    used.key = row.text();
    used.parent = row.maybe_text().value_or("");
    used.cost = row.integer();
    for (std::size_t i = 0; i < domain::kBucketCount; ++i) used.tokens += row.integer();
    for (const auto& [scope, subject] : {Subject{domain::Scope::key, used.key},
                                         Subject{domain::Scope::key, used.parent},
                                         Subject{domain::Scope::project, used.project},
                                         Subject{domain::Scope::account, used.account}}) {
      if (subject.empty()) continue;
      add_to(windows, scope, subject, used, source);
      if (used.time >= kept_from) note_use(last_use, scope, subject, used);
    }
  }
}

/// `parent`: the column or expression that says whose child the key is.
std::string used_columns(const std::string& parent) {
  std::string text = "account_id, project_id, key_id, " + parent + ", cost";
  for (auto bucket : domain::kBuckets) {
    text += ", tokens_" + std::string(domain::bucket_name(bucket));
  }
  return text;
}

std::string amount(domain::Metric metric, std::int64_t value) {
  switch (metric) {
    case domain::Metric::usd:
      return domain::format_usd(domain::Money::nanos(value));
    case domain::Metric::tokens:
      break;
  }
  return std::to_string(value) + " tokens";
}

std::string describe(const Subject& subject, const Kind& kind, const Checked& window) {
  const auto& [metric, period] = kind;
  std::string text = "window " + subject.second + " " + std::string(domain::metric_name(metric)) +
                     " " + std::string(domain::period_name(period));
  if (period != domain::Period::total) text += " from " + format_rfc3339(window.cycle.start);
  text += ": spent " + amount(metric, window.spent) + ", rows sum to " + amount(metric, window.sum);
  if (window.adjustment != 0) text += ", adjusted by " + amount(metric, window.adjustment);
  return text;
}

/// Where the time zone was changed, cycles overlap and only the one that took over is complete.
bool has_right_overlap(const Cycles& cycles, const Checked& window) {
  return std::any_of(cycles.begin(), cycles.end(), [&](const Checked& other) {
    return &other != &window && other.cycle.start < window.cycle.end &&
           window.cycle.start < other.cycle.end && other.is_right();
  });
}

/// What was used last must be counted by a window: cycles may be missing before it (a changed
/// period drops the one it was changed in), but never behind it.
void verify_last_use(const Windows& windows, const LastUse& last_use, VerifyReport& report) {
  for (const auto& [whose, time] : last_use) {
    const auto& [subject, metric] = whose;
    auto counted_until = Timestamp::min();
    if (const auto found = windows.find(subject); found != windows.end()) {
      for (const auto& [kind, cycles] : found->second) {
        if (kind.first != metric) continue;
        for (const auto& window : cycles) {
          counted_until = std::max(counted_until, window.cycle.end);
        }
      }
    }
    if (time < counted_until) continue;
    report.faults.push_back({"window " + subject.second + " " +
                             std::string(domain::metric_name(metric)) +
                             ": none counts what was used at " + format_rfc3339(time)});
  }
}

}  // namespace

void verify_windows(Connection& connection, Timestamp rows_kept_from, VerifyReport& report) {
  auto windows = read_windows(connection);
  LastUse last_use;
  {
    Query row(connection.prepared(
        "SELECT bucket, " +
        used_columns("(SELECT parent_id FROM key_parents WHERE key_id = rollups.key_id)") +
        " FROM rollups"));
    add_all(windows, row, Source::rollups, rows_kept_from, last_use);
  }
  const auto from = earliest_from_rows(windows);
  if (from != Timestamp::max()) {
    Query row(connection.prepared("SELECT time, " + used_columns("parent_key_id") +
                                  " FROM requests WHERE id >= ? AND status <> 'running'"));
    row.add(first_id_at(from));
    add_all(windows, row, Source::rows, rows_kept_from, last_use);
  }
  verify_last_use(windows, last_use, report);
  for (const auto& [subject, kinds] : windows) {
    for (const auto& [kind, cycles] : kinds) {
      for (const auto& window : cycles) {
        ++report.windows;
        const bool rows_are_gone =
            window.source == Source::rows && window.cycle.start < rows_kept_from;
        if (window.is_right() || rows_are_gone || has_right_overlap(cycles, window)) continue;
        report.faults.push_back({describe(subject, kind, window)});
      }
    }
  }
}

}  // namespace nufi::store::sqlite
