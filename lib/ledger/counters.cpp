#include "lib/ledger/counters.hpp"

#include <algorithm>
#include <utility>

namespace nufi::ledger {

using domain::Metric;

std::int64_t amount_of(const domain::Ask& ask, Metric metric) {
  switch (metric) {
    case Metric::usd:
      return ask.money.nanos();
    case Metric::tokens:
      return ask.tokens;
  }
  return 0;
}

CounterPtr Counters::at(const domain::WindowId& id, Timestamp now) {
  auto& slot = current_[Slot{id.scope, id.metric, id.subject}];
  if (slot && slot->cycle.holds(now)) return slot;
  // A clock that was set back must not reopen a cycle that has turned: its money is spent.
  if (slot && now < slot->cycle.start) return slot;
  auto counter = std::make_shared<Counter>();
  counter->id = id;
  if (slot) {
    counter->id.period = slot->id.period;
    counter->waiting = slot->waiting;
    turned_ = turned_ || slot->waiting > 0;
  }
  counter->cycle = domain::cycle_at(counter->id.period, now, zone_);
  slot = counter;
  touch(counter);
  return counter;
}

domain::WindowState Counters::peek(const domain::WindowId& id, Timestamp now) const {
  auto counter = current(id);
  if (counter && counter->id.period == id.period &&
      (counter->cycle.holds(now) || now < counter->cycle.start)) {
    return counter->state();
  }
  return {domain::cycle_at(id.period, now, zone_), 0, 0, 0};
}

CounterPtr Counters::current(const domain::WindowId& id) const {
  auto found = current_.find(Slot{id.scope, id.metric, id.subject});
  return found == current_.end() ? nullptr : found->second;
}

void Counters::put(CounterPtr counter) {
  auto& slot = current_[Slot{counter->id.scope, counter->id.metric, counter->id.subject}];
  if (slot) counter->waiting = slot->waiting;
  slot = std::move(counter);
}

void Counters::touch(const CounterPtr& counter) {
  if (counter->dirty) return;
  counter->dirty = true;
  dirty_.push_back(counter);
}

void Counters::collect(store::LedgerBatch& batch) {
  for (const auto& counter : dirty_) {
    counter->dirty = false;
    store::WindowAmount amount{counter->id,
                               counter->cycle.start,
                               counter->cycle.end,
                               counter->stored,
                               counter->adjustment};
    (counter->dropped ? batch.dropped_windows : batch.windows).push_back(std::move(amount));
  }
  dirty_.clear();
}

void Counters::restore(const std::vector<CounterPtr>& counters) {
  for (const auto& counter : counters) touch(counter);
}

Fit fit(const HoldRequest& request, const std::vector<CounterPtr>& counters) {
  const auto& constraints = request.constraints;
  std::optional<domain::Money> usd_left;
  std::optional<std::int64_t> tokens_left;
  for (std::size_t i = 0; i < constraints.size(); ++i) {
    if (!constraints[i].limit || constraints[i].soft) continue;
    auto room = counters[i]->state().room(*constraints[i].limit);
    if (constraints[i].window.metric == Metric::usd) {
      auto money = domain::Money::nanos(room);
      usd_left = usd_left ? std::min(*usd_left, money) : money;
    } else {
      tokens_left = tokens_left ? std::min(*tokens_left, room) : room;
    }
  }

  Fit result;
  result.ask = domain::ask_for(request.ceiling, usd_left, tokens_left);
  std::int64_t shortest = 0;
  for (std::size_t i = 0; i < constraints.size(); ++i) {
    if (!constraints[i].limit) continue;
    const auto state = counters[i]->state();
    const auto limit = *constraints[i].limit;
    // A soft key only needs the window not to be empty yet.
    const bool soft = constraints[i].soft;
    const auto ask = soft ? std::int64_t{1} : amount_of(result.ask, constraints[i].window.metric);
    if (soft ? state.spent < limit : state.fits(ask, limit)) continue;
    // An ask of nothing does not fit either where more was spent than a limit that was lowered.
    const domain::WindowState settled{state.cycle, state.spent, 0, 0};
    const bool never = soft || !settled.fits(ask, limit);
    // Refuse for the window that can never serve it, else wait for the one that lacks most.
    const auto missing = ask - state.room(limit);
    const bool worse = never ? result.kind != Fit::Kind::never || missing > shortest
                             : result.kind != Fit::Kind::never && missing > shortest;
    if (!result.refusal || worse) {
      shortest = missing;
      result.refusal = domain::WindowRefusal{counters[i]->id, state, limit, ask};
      result.binding = counters[i];
    }
    if (never) result.kind = Fit::Kind::never;
    if (!never && result.kind == Fit::Kind::fits) result.kind = Fit::Kind::wait;
  }
  return result;
}

}  // namespace nufi::ledger
