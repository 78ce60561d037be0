// Changes to windows that people ask for: another period, or a fresh start. Both run with folding
// stopped, so that what a window has spent is known exactly while calls go on.

#include "lib/base/error.hpp"
#include "lib/ledger/engine.hpp"

#include <utility>

namespace nufi::ledger {
namespace {

/// A call is counted in two windows of one scope and metric where its key has a parent.
bool is_same_but_for_period(const domain::WindowId& one, const domain::WindowId& other) {
  return one.scope == other.scope && one.metric == other.metric && one.subject == other.subject;
}

}  // namespace

void Engine::start_window(const domain::WindowId& id) {
  // With folding stopped, what is spent is exactly what the database has plus what waits in memory.
  std::lock_guard folding(fold_mutex_);
  if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
  Timestamp now;
  {
    std::lock_guard lock(mutex_);
    now = latest_ = ledger_time();
    auto current = counters_.current(id);
    if (current && current->id.period == id.period && now < current->cycle.end) return;
  }
  const auto cycle = domain::cycle_at(id.period, now, counters_.zone());
  const auto stored = store_.spent_between(id.scope, id.subject, id.metric, cycle.start, cycle.end);
  const auto forgiven =
      store_.forgiven_between(id.scope, id.subject, id.metric, cycle.start, cycle.end);

  {
    std::lock_guard lock(mutex_);
    auto before = counters_.current(id);
    if (before && before->id.period == id.period) return;
    auto counter = std::make_shared<Counter>();
    counter->id = id;
    counter->cycle = cycle;
    counter->spent = counter->stored = stored - forgiven;
    counter->adjustment = -forgiven;
    if (before) {
      before->dropped = true;
      counters_.touch(before);
    }
    for (auto& each : unfolded_) {
      if (each.ended) move_end(*each.ended, counter);
    }
    for (auto& [request, call] : open_) move_take(call, counter);
    counters_.put(counter);
    counters_.touch(counter);
  }
  // The period is the ledger's to remember: a crash from here on must not bring the old one back.
  if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
}

void Engine::move_end(Ended& ended, const CounterPtr& counter) {
  const auto& id = counter->id;
  if (!counts(id, ended.row) || !counter->cycle.holds(ended.row.time)) return;
  std::erase_if(ended.counters, [&](const auto& from) {
    return from->dropped && is_same_but_for_period(from->id, id);
  });
  ended.counters.push_back(counter);
  counter->spent = add_saturating(counter->spent, charge_of(ended.row, id.metric));
}

std::vector<std::int64_t> Engine::reset_windows(const std::vector<domain::WindowId>& windows,
                                                const store::AuditEntry& audit) {
  Reset reset{windows, audit, {}};
  std::lock_guard folding(fold_mutex_);
  if (!fold_all(reset)) {
    throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
  }
  return reset.forgiven;
}

void Engine::move_take(OpenCall& call, const CounterPtr& counter) {
  const auto& id = counter->id;
  if (!counts(id, call.row) || !counter->cycle.holds(call.row.time)) return;
  Take moved{counter, 0};
  auto& takes = call.takes;
  for (auto take = takes.begin(); take != takes.end();) {
    const auto& from = *take->counter;
    if (!is_same_but_for_period(from.id, id)) {
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
