// Two threads keep what the callers record. The syncer (only with durability `power`) is a group
// commit: it takes everyone who waits, syncs the journal once for all of them, and calls them back;
// who comes meanwhile makes the next group. The writer folds what is recorded into the database, in
// batches, off the path of any call.

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/ledger/engine.hpp"

#include <cerrno>
#include <sys/resource.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace nufi::ledger {
namespace {

using namespace std::chrono_literals;

/// How long rows gather before they are folded. Longer with `power`, whose commits wait for the
/// disk.
constexpr auto kGatherProcess = 50ms;
constexpr auto kGatherPower = 200ms;
/// How far the folder's thread stands back behind the loops.
constexpr int kFolderNice = 10;
/// How soon a failed fold is tried again: service is back that soon after the cause is gone.
constexpr auto kRetry = 1s;

bool is_error(domain::RowStatus status) {
  switch (status) {
    case domain::RowStatus::running:
    case domain::RowStatus::ok:
    case domain::RowStatus::client_gone:
      return false;
    case domain::RowStatus::client_error:
    case domain::RowStatus::upstream_error:
    case domain::RowStatus::cut:
    case domain::RowStatus::interrupted:
      return true;
  }
  return true;
}

void add_to_rollups(const domain::LedgerRow& row, store::LedgerBatch& batch) {
  store::RollupSums sums;
  sums.requests = 1;
  sums.errors = is_error(row.status) ? 1 : 0;
  sums.cost = row.cost;
  sums.upstream_cost = row.upstream_cost;
  sums.usage = row.usage;
  batch.rollups[rollup_key(row)] += sums;
}

void note_last_use(const domain::LedgerRow& row, store::LedgerBatch& batch) {
  auto& last = batch.last_used[row.key];
  last = std::max(last, row.time);
}

}  // namespace

bool Engine::fold() {
  store::LedgerBatch batch;
  std::vector<domain::LedgerRow> completed;
  std::vector<domain::RequestId> opened;
  std::map<store::RollupKey, std::int64_t> refusals;
  std::vector<CounterPtr> dirty;
  std::size_t running = 0;
  bool nothing = false;
  {
    std::lock_guard lock(mutex_);
    has_work_ = false;
    completed.swap(completed_);
    opened.swap(opened_);
    refusals.swap(refusals_);
    for (auto id : opened) {
      auto found = open_.find(id.value);
      if (found != open_.end()) batch.rows.push_back(found->second.row);
    }
    running = batch.rows.size();
    dirty = counters_.dirty();
    counters_.collect(batch);
    batch.journal_position = journal_.last();
    nothing = completed.empty() && batch.rows.empty() && dirty.empty() && refusals.empty() &&
              problem_.empty();
  }
  for (const auto& row : batch.rows) note_last_use(row, batch);
  for (auto& row : completed) {
    add_to_rollups(row, batch);
    note_last_use(row, batch);
    batch.rows.push_back(std::move(row));
  }
  for (const auto& [key, count] : refusals) batch.rollups[key].refused += count;

  try {
    if (!nothing) store_.apply(batch);
  } catch (const Error& error) {
    std::lock_guard lock(mutex_);
    std::vector<domain::LedgerRow> again(
        std::make_move_iterator(batch.rows.begin() + static_cast<std::ptrdiff_t>(running)),
        std::make_move_iterator(batch.rows.end()));
    again.insert(again.end(),
                 std::make_move_iterator(completed_.begin()),
                 std::make_move_iterator(completed_.end()));
    completed_ = std::move(again);
    opened_.insert(opened_.begin(), opened.begin(), opened.end());
    for (const auto& [key, count] : refusals) refusals_[key] += count;
    counters_.restore(dirty);
    if (problem_.empty()) log::error("ledger not writable", {{"why", error.what()}});
    problem_ = error.what();
    return false;
  }

  Decided decided;
  {
    std::lock_guard lock(mutex_);
    journal_.folded(batch.journal_position);
    if (!problem_.empty()) {
      // All that was recorded is in the database: whatever ailed the journal's file is behind us.
      log::info("ledger writable again");
      problem_.clear();
      journal_.leave_segment();
    }
    if (!waiters_.empty()) serve_waiters(decided);
  }
  run(decided);
  return true;
}

void Engine::keep_segments() {
  while (true) {
    {
      std::lock_guard lock(mutex_);
      if (journal_.segments_wanted() == 0) {
        segment_problem_.clear();
        return;
      }
    }
    try {
      auto segment = journal_.make_segment();
      std::lock_guard lock(mutex_);
      journal_.add_segment(std::move(segment));
    } catch (const Error& error) {
      std::lock_guard lock(mutex_);
      if (segment_problem_.empty()) log::error("journal can't grow", {{"why", error.what()}});
      segment_problem_ = error.what();
      return;
    }
  }
}

void Engine::write_continuously(const std::stop_token& stop) {
  const auto gather =
      options_.durability == store::Durability::power ? kGatherPower : kGatherProcess;
  // Calls come first: where they share a core, folding takes what they leave. It can't starve: too
  // many unfolded rows hold calls back. (On Linux a thread has a priority of its own.)
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kFolderNice);
  bool healthy = true;
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      if (healthy) {
        work_.wait(lock, stop, [this] { return has_work_; });
        // Woken by the first of a batch: let the others come, unless somebody waits for us.
        if (waiters_.empty())
          work_.wait_for(lock, stop, gather, [this] { return !waiters_.empty(); });
      } else {
        work_.wait_for(lock, stop, kRetry, [] { return false; });
      }
    }
    keep_segments();
    std::lock_guard folding(fold_mutex_);
    healthy = fold();
    std::lock_guard lock(mutex_);
    healthy = healthy && segment_problem_.empty();
  }
}

void Engine::sync_continuously(const std::stop_token& stop) {
  while (true) {
    std::vector<Unsynced> group;
    std::vector<int> files;
    std::string why;
    {
      std::unique_lock lock(mutex_);
      if (!to_sync_.wait(lock, stop, [this] { return !unsynced_.empty(); })) return;
      group.swap(unsynced_);
      try {
        files = journal_.take_dirty();
      } catch (const Error& error) {
        why = error.what();
      }
    }
    for (int file : files) {
      if (::fdatasync(file) != 0) {
        why = "can't sync the journal: " + std::generic_category().message(errno);
      }
      ::close(file);
    }
    if (!why.empty()) {
      std::lock_guard lock(mutex_);
      log::error("journal not writable", {{"why", why}});
      problem_ = why;
      note_work();
    }
    for (auto& each : group) each.done(why);
  }
}

void Engine::abandon(domain::RequestId id) {
  Settlement never_sent;
  never_sent.status = domain::RowStatus::upstream_error;
  never_sent.http_status = 503;
  never_sent.error_code = "storage_unavailable";
  settle(id, std::move(never_sent), {});
}

void Engine::sync() {
  std::lock_guard folding(fold_mutex_);
  if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
}

void Engine::start_window(const domain::WindowId& id) {
  // With folding stopped, what is spent is exactly what the database has plus what waits in memory.
  std::lock_guard folding(fold_mutex_);
  if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
  Timestamp now;
  {
    std::lock_guard lock(mutex_);
    now = ledger_time();
  }
  const auto cycle = domain::cycle_at(id.period, now, counters_.zone());
  const auto stored = store_.spent_between(id.scope, id.subject, id.metric, cycle.start, cycle.end);

  {
    std::lock_guard lock(mutex_);
    auto before = counters_.current(id);
    if (before && before->id.period == id.period) return;
    auto counter = std::make_shared<Counter>();
    counter->id = id;
    counter->cycle = cycle;
    counter->spent = stored;
    for (const auto& row : completed_) {
      if (subject_of(row, id.scope) != id.subject || !cycle.holds(row.time)) continue;
      counter->spent += id.metric == domain::Metric::usd ? row.cost.nanos() : row.usage.total();
    }
    if (before) {
      before->dropped = true;
      counters_.touch(before);
    }
    for (auto& [request, call] : open_) move_take(call, counter);
    counters_.put(counter);
    counters_.touch(counter);
  }
  // The period is the ledger's to remember: a crash from here on must not bring the old one back.
  if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
}

void Engine::move_take(OpenCall& call, const CounterPtr& counter) {
  const auto& id = counter->id;
  if (subject_of(call.row, id.scope) != id.subject || !counter->cycle.holds(call.row.time)) return;
  Take moved{counter, 0};
  auto& takes = call.takes;
  for (auto take = takes.begin(); take != takes.end();) {
    const auto& from = *take->counter;
    if (from.id.scope != id.scope || from.id.metric != id.metric) {
      ++take;
      continue;
    }
    moved.amount = take->amount;
    // A cycle that ended before the period was changed keeps its calls: they count in both.
    if (!from.dropped) {
      ++take;
      continue;
    }
    take->counter->held -= take->amount;
    take->counter->in_flight -= 1;
    take = takes.erase(take);
  }
  counter->held += moved.amount;
  counter->in_flight += 1;
  takes.push_back(std::move(moved));
}

}  // namespace nufi::ledger
