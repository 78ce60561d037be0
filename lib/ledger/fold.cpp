// Two threads keep what the callers record. The syncer (only with durability `power`) is a group
// commit: it takes everyone who waits, syncs the journal once for all of them, and calls them back;
// who comes meanwhile makes the next group. The writer folds what is recorded into the database, in
// batches, off the path of any call.

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/ledger/engine.hpp"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <sys/resource.h>
#include <system_error>
#include <thread>
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
/// How many events one transaction takes at most: who waits to write as well, or to read a report,
/// waits that long.
constexpr std::size_t kBatchEvents = 500;
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
  const auto note = [&](const domain::KeyId& key) {
    auto& last = batch.last_used[key];
    last = std::max(last, row.time);
  };
  note(row.key);
  if (!row.parent.empty()) note(row.parent);
}

/// The row as it was written at admission.
domain::LedgerRow as_admitted(const domain::LedgerRow& ended) {
  domain::LedgerRow row;
  row.id = ended.id;
  row.time = ended.time;
  row.account = ended.account;
  row.project = ended.project;
  row.key = ended.key;
  row.key_name = ended.key_name;
  row.parent = ended.parent;
  row.group = ended.group;
  row.endpoint = ended.endpoint;
  row.model = ended.model;
  row.stream = ended.stream;
  row.held = ended.held;
  row.held_tokens = ended.held_tokens;
  row.hold_us = ended.hold_us;
  row.client_ip = ended.client_ip;
  row.user_agent = ended.user_agent;
  return row;
}

}  // namespace

/// One batch on its way into the database, and how to take it back.
struct Engine::Folding {
  store::LedgerBatch batch;
  std::size_t events = 0;
  std::size_t running = 0;  ///< of batch.rows; behind them are those that ended, in order
  std::vector<std::pair<CounterPtr, std::int64_t>> stored;  ///< before it was changed
  std::vector<CounterPtr> dirty;
  std::map<store::RollupKey, std::int64_t> refusals;
  std::vector<CounterPtr> forgiven;  ///< counters of reset windows, null for those left alone
  bool nothing = false;
};

void Engine::gather(Folding& folding, std::size_t most, Reset* reset) {
  auto& batch = folding.batch;
  has_work_ = false;
  folding.events = std::min(most, unfolded_.size());
  const bool all = folding.events == unfolded_.size();
  for (std::size_t i = 0; i < folding.events; ++i) {
    const auto& each = unfolded_[i];
    // Who ended within the batch is written once.
    if (each.ended || (each.end != 0 && each.end < first_event_ + folding.events)) continue;
    batch.rows.push_back(each.end != 0 ? as_admitted(event(each.end).ended->row)
                                       : open_.at(each.id.value).row);
  }
  folding.running = batch.rows.size();
  for (std::size_t i = 0; i < folding.events; ++i) {
    auto& ended = unfolded_[i].ended;
    if (!ended) continue;
    for (const auto& counter : ended->counters) {
      folding.stored.emplace_back(counter, counter->stored);
      counter->stored = add_saturating(counter->stored, charge_of(ended->row, counter->id.metric));
      counters_.touch(counter);
    }
    batch.rows.push_back(std::move(ended->row));
    if (ended->response) batch.responses.push_back(*ended->response);
  }
  folding.refusals.swap(refusals_);
  folding.dirty = counters_.dirty();
  counters_.collect(batch);
  batch.journal_position = all ? journal_.last() : unfolded_[folding.events - 1].position;
  folding.nothing = batch.rows.empty() && folding.dirty.empty() && folding.refusals.empty() &&
                    problem_.empty() && reset == nullptr;
  if (reset == nullptr) return;

  batch.audit.push_back(reset->audit);
  // Noted as the latest: no call that comes later may stand before the reset.
  const auto now = latest_ = ledger_time();
  for (const auto& id : reset->windows) {
    auto counter = counters_.current(id);
    const bool counts = counter && counter->id.period == id.period && now < counter->cycle.end;
    folding.forgiven.push_back(counts ? counter : nullptr);
    reset->forgiven.push_back(counts ? counter->stored : 0);
    if (!counts) continue;
    // Only the database learns of it yet: in memory it counts once it can't be lost.
    std::erase_if(batch.windows, [&](const auto& amount) {
      return amount.window == id && amount.cycle_start == counter->cycle.start;
    });
    batch.windows.push_back(
        {id, counter->cycle.start, counter->cycle.end, 0, /*adjustment=*/-counter->stored, now});
  }
}

void Engine::put_back(Folding& folding, const Error& error) {
  auto row = folding.batch.rows.begin() + static_cast<std::ptrdiff_t>(folding.running);
  for (std::size_t i = 0; i < folding.events; ++i) {
    if (unfolded_[i].ended) unfolded_[i].ended->row = std::move(*row++);
  }
  for (auto each = folding.stored.rbegin(); each != folding.stored.rend(); ++each) {
    each->first->stored = each->second;
  }
  for (const auto& [key, count] : folding.refusals) refusals_[key] += count;
  counters_.restore(folding.dirty);
  if (problem_.empty()) log::error("ledger not writable", {{"why", error.what()}});
  problem_ = error.what();
}

bool Engine::commit(Folding& folding) {
  auto& batch = folding.batch;
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    if (i >= folding.running) add_to_rollups(batch.rows[i], batch);
    note_last_use(batch.rows[i], batch);
  }
  for (const auto& [key, count] : folding.refusals) batch.rollups[key].refused += count;
  try {
    if (!folding.nothing) store_.apply(batch);
  } catch (const Error& error) {
    std::lock_guard lock(mutex_);
    put_back(folding, error);
    return false;
  }

  Decided decided;
  std::vector<SettleCallback> saved;
  {
    std::lock_guard lock(mutex_);
    unfolded_.erase(unfolded_.begin(),
                    unfolded_.begin() + static_cast<std::ptrdiff_t>(folding.events));
    first_event_ += folding.events;
    for (const auto& counter : folding.dirty) counter->adjustment = 0;
    for (std::size_t i = 0; i < folding.forgiven.size(); ++i) {
      const auto& counter = folding.forgiven[i];
      if (!counter) continue;
      counter->spent -= counter->stored;
      counter->stored = 0;
    }
    journal_.folded(batch.journal_position);
    std::erase_if(unsaved_, [&](auto& each) {
      if (each.event >= first_event_) return false;
      saved.push_back(std::move(each.done));
      return true;
    });
    if (journal_broken_ && !unfolded_.empty()) {
      note_work();  // what came meanwhile went to the same file
    } else if (!problem_.empty()) {
      log::info("ledger writable again");
      problem_.clear();
      // All that was recorded is in the database: whatever ailed the journal's file is behind us.
      if (std::exchange(journal_broken_, false)) journal_.leave_segment();
    }
    if (!waiters_.empty()) serve_waiters(decided);
  }
  for (const auto& done : saved) done();
  run(decided);
  return true;
}

bool Engine::fold_some(std::size_t most) {
  Folding folding;
  {
    std::lock_guard lock(mutex_);
    gather(folding, most, nullptr);
  }
  return commit(folding);
}

bool Engine::fold(bool gives_way) {
  std::uint64_t end = 0;
  {
    std::lock_guard lock(mutex_);
    end = next_event();
  }
  while (true) {
    if (!fold_some(kBatchEvents)) return false;
    std::lock_guard lock(mutex_);
    if (first_event_ >= end) return true;
    if (gives_way && syncing_ > 0) {
      note_work();
      return true;
    }
  }
}

bool Engine::fold_all(Reset& reset) {
  if (!fold()) return false;
  Folding folding;
  {
    std::lock_guard lock(mutex_);
    gather(folding, unfolded_.size(), &reset);
  }
  return commit(folding);
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
    // Whoever waits for a report folds by itself, at its own priority.
    while (syncing_ > 0) std::this_thread::sleep_for(1ms);
    std::lock_guard folding(fold_mutex_);
    healthy = fold(/*gives_way=*/true);
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
    {
      std::lock_guard lock(mutex_);
      if (!why.empty()) {
        note_broken_journal(why);
      } else if (journal_broken_) {
        why = problem_;  // synced, but behind something that is not
      }
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
  ++syncing_;
  const std::unique_ptr<std::atomic<int>, void (*)(std::atomic<int>*)> noted(
      &syncing_, [](std::atomic<int>* count) { --*count; });
  std::lock_guard folding(fold_mutex_);
  if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
}

}  // namespace nufi::ledger
