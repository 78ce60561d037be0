#include "lib/ledger/engine.hpp"

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace nufi::ledger {
namespace {

using domain::Metric;

/// More unfolded events (two for each call) than this and new holds wait for the folder, so that
/// memory stays bounded.
constexpr std::size_t kMostUnfolded = 50'000;

std::int64_t microseconds(SteadyTime from, SteadyTime to) {
  return std::chrono::duration_cast<std::chrono::microseconds>(to - from).count();
}

}  // namespace

std::int64_t add_saturating(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

std::int64_t charge_of(const domain::LedgerRow& row, Metric metric) {
  return metric == Metric::usd ? row.cost.nanos() : row.usage.total();
}

Timestamp time_of(domain::RequestId id) {
  return Timestamp(std::chrono::milliseconds(id.value >> 20));
}

Timestamp Engine::ledger_time() const {
  return std::max({clock_.now(), time_of(last_id_), latest_});
}

domain::RequestId Engine::next_id(Timestamp now) {
  last_id_.value = std::max(last_id_.value + 1, now.time_since_epoch().count() << 20);
  return last_id_;
}

void Engine::note_work() {
  if (has_work_) return;
  has_work_ = true;
  work_.notify_one();
}

void Engine::run(Decided& decided) {
  for (auto& [done, outcome] : decided) done(std::move(outcome));
}

std::optional<HoldOutcome> Engine::decide(HoldRequest& request,
                                          bool in_turn,
                                          SteadyTime since,
                                          CounterPtr& binding) {
  if (!problem_.empty()) return Unwritable{problem_};
  const auto now = latest_ = ledger_time();
  std::vector<CounterPtr> counters;
  counters.reserve(request.constraints.size());
  CounterPtr queued;
  for (const auto& constraint : request.constraints) {
    counters.push_back(counters_.at(constraint.window, now));
    if (constraint.limit && counters.back()->waiting > 0) queued = counters.back();
  }
  auto result = fit(request, counters);
  if (result.kind == Fit::Kind::never) return HoldOutcome{*result.refusal};
  if (result.kind == Fit::Kind::wait) {
    binding = result.binding;
    return std::nullopt;
  }
  if (!in_turn && queued) {
    binding = queued;
    return std::nullopt;
  }
  if (unfolded_.size() > kMostUnfolded || !journal_.has_room(kMaxHoldBytes + kMaxSettleBytes)) {
    if (!segment_problem_.empty()) return Unwritable{segment_problem_};
    binding = nullptr;
    note_work();
    return std::nullopt;
  }
  return take(request, counters, result.ask, now, since);
}

HoldOutcome Engine::take(HoldRequest& request,
                         const std::vector<CounterPtr>& counters,
                         const domain::Ask& ask,
                         Timestamp now,
                         SteadyTime since) {
  OpenCall call;
  call.row = std::move(request.row);
  auto& row = call.row;
  row.id = next_id(now);
  row.time = now;
  row.status = domain::RowStatus::running;
  row.held = ask.money;
  row.held_tokens = ask.tokens;
  row.hold_us = microseconds(since, clock_.steady());

  std::vector<HeldWindow> windows;
  windows.reserve(counters.size());
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const auto& id = counters[i]->id;
    const bool of_parent = id.scope == domain::Scope::key && id.subject != row.key.text();
    windows.push_back({id.scope, id.metric, id.period, request.constraints[i].soft, of_parent});
  }
  record_.clear();
  encode(row, windows, record_);
  try {
    journal_.append(record_);
  } catch (const Error& error) {
    note_broken_journal(error.what());
    return Unwritable{problem_};
  }
  journal_.reserve(kMaxSettleBytes);

  call.takes.reserve(counters.size());
  for (std::size_t i = 0; i < counters.size(); ++i) {
    const auto amount = request.constraints[i].soft ? 0 : amount_of(ask, counters[i]->id.metric);
    counters[i]->held = add_saturating(counters[i]->held, amount);
    counters[i]->in_flight += 1;
    call.takes.push_back({counters[i], amount});
  }
  const auto id = row.id;
  call.admission = next_event();
  open_.emplace(id.value, std::move(call));
  unfolded_.push_back({journal_.last(), id, nullptr, 0});
  note_work();
  return Held{id, ask};
}

void Engine::announce(HoldCallback done, HoldOutcome outcome, Decided& decided) {
  const bool must_sync =
      options_.durability == store::Durability::power && std::holds_alternative<Held>(outcome);
  if (!must_sync) {
    decided.emplace_back(std::move(done), std::move(outcome));
    return;
  }
  unsynced_.push_back({[this, done = std::move(done), outcome](const std::string& why) {
    if (why.empty()) return done(outcome);
    abandon(std::get<Held>(outcome).id);
    done(Unwritable{why});
  }});
  if (unsynced_.size() == 1) to_sync_.notify_one();
}

Ledger::Ticket Engine::hold(HoldRequest request, HoldCallback done) {
  const auto since = clock_.steady();
  Decided decided;
  Ticket ticket = 0;
  {
    std::lock_guard lock(mutex_);
    ticket = ++last_ticket_;
    CounterPtr binding;
    if (auto outcome = decide(request, /*in_turn=*/false, since, binding)) {
      announce(std::move(done), std::move(*outcome), decided);
    } else {
      waiters_.push_back({ticket, std::move(request), std::move(done), std::nullopt, since});
      wait_for(waiters_.back(), binding);
    }
    if (counters_.take_turned()) serve_waiters(decided);
  }
  run(decided);
  return ticket;
}

void Engine::wait_for(Waiter& waiter, const CounterPtr& binding) {
  if (!binding) return;
  waiter.binding = binding->id;
  binding->waiting += 1;
}

void Engine::stop_waiting(Waiter& waiter) {
  if (waiter.binding) counters_.current(*waiter.binding)->waiting -= 1;
  waiter.binding.reset();
}

void Engine::serve_waiters(Decided& decided) {
  // Windows that somebody earlier in the queue still waits for: who shares one waits behind.
  std::unordered_set<const Counter*> claimed;
  for (auto waiter = waiters_.begin(); waiter != waiters_.end();) {
    bool behind = false;
    if (!claimed.empty()) {
      for (const auto& constraint : waiter->request.constraints) {
        auto counter = counters_.current(constraint.window);
        behind = behind || (constraint.limit && claimed.contains(counter.get()));
      }
    }
    if (behind) {
      ++waiter;
      continue;
    }
    CounterPtr binding;
    auto outcome = decide(waiter->request, /*in_turn=*/true, waiter->since, binding);
    stop_waiting(*waiter);
    if (outcome) {
      announce(std::move(waiter->done), std::move(*outcome), decided);
      waiter = waiters_.erase(waiter);
      continue;
    }
    wait_for(*waiter, binding);
    claimed.insert(binding.get());
    ++waiter;
  }
}

void Engine::give_up(Ticket ticket) {
  Decided decided;
  {
    std::lock_guard lock(mutex_);
    const auto find = [&] {
      return std::find_if(waiters_.begin(), waiters_.end(), [&](const auto& each) {
        return each.ticket == ticket;
      });
    };
    if (find() == waiters_.end()) return;
    // A window may have turned since anybody settled: then it fits, and must not be refused.
    serve_waiters(decided);
    if (auto waiter = find(); waiter != waiters_.end()) {
      auto refusal = refusal_of(*waiter);
      stop_waiting(*waiter);
      decided.emplace_back(std::move(waiter->done), std::move(refusal));
      waiters_.erase(waiter);
      serve_waiters(decided);
    }
  }
  run(decided);
}

HoldOutcome Engine::refusal_of(const Waiter& waiter) {
  std::vector<CounterPtr> counters;
  for (const auto& constraint : waiter.request.constraints) {
    counters.push_back(counters_.at(constraint.window, latest_));
  }
  auto result = fit(waiter.request, counters);
  if (result.refusal) return *result.refusal;
  if (waiter.binding) {
    // It fits by now, but others are in front of it: they are what it ran out of patience for.
    const auto binding = counters_.current(*waiter.binding);
    for (std::size_t i = 0; i < counters.size(); ++i) {
      const auto& limit = waiter.request.constraints[i].limit;
      if (counters[i] != binding || !limit) continue;
      const auto ask = amount_of(result.ask, binding->id.metric);
      return domain::WindowRefusal{binding->id, binding->state(), *limit, ask};
    }
  }
  return Unwritable{"the ledger is too busy"};
}

std::unique_ptr<Engine::Ended> Engine::close_call(OpenCall call, Settlement settlement) {
  auto ended = std::make_unique<Ended>();
  auto& row = ended->row = std::move(call.row);
  row.status = settlement.status;
  row.http_status = settlement.http_status;
  row.error_code = settlement.error_code;
  row.upstream = settlement.upstream;
  row.upstream_model = settlement.upstream_model;
  row.usage = settlement.usage;
  row.cost = settlement.cost;
  row.upstream_cost = settlement.upstream_cost;
  row.upstream_reported_cost = settlement.upstream_reported_cost;
  row.basis = settlement.basis;
  row.price_id = settlement.price_id;
  row.usage_basis = settlement.usage_basis;
  row.tier = settlement.tier;
  row.multiplier = settlement.multiplier;
  row.attempts = settlement.attempts;
  row.tried = std::move(settlement.tried);
  row.connect_us = settlement.connect_us;
  row.first_byte_us = settlement.first_byte_us;
  row.total_us = settlement.total_us;
  row.bound_broken = settlement.cost > row.held || settlement.usage.total() > row.held_tokens;
  if (!settlement.response_id.empty()) {
    ended->response = store::StoredResponse{std::move(settlement.response_id),
                                            std::move(settlement.response_upstream),
                                            row.upstream,
                                            row.account,
                                            row.key,
                                            row.time};
  }
  ended->counters.reserve(call.takes.size());
  for (auto& [counter, amount] : call.takes) {
    counter->held -= amount;
    counter->in_flight -= 1;
    counter->spent = add_saturating(counter->spent, charge_of(row, counter->id.metric));
    ended->counters.push_back(std::move(counter));
  }
  return ended;
}

std::uint64_t Engine::note_end(std::uint64_t admission, std::unique_ptr<Ended> ended) {
  const auto number = next_event();
  if (admission >= first_event_) event(admission).end = number;
  const auto id = ended->row.id;
  unfolded_.push_back({journal_.last(), id, std::move(ended), 0});
  note_work();
  return number;
}

void Engine::note_broken_journal(const std::string& why) {
  log::error("journal not writable", {{"why", why}});
  problem_ = why;
  journal_broken_ = true;
  note_work();
}

void Engine::settle(domain::RequestId id, Settlement settlement, SettleCallback durable) {
  Decided decided;
  bool done_now = false;
  bool bound_broken = false;
  {
    std::lock_guard lock(mutex_);
    auto found = open_.find(id.value);
    if (found == open_.end()) throw Error(Errc::internal, "a call was settled twice");
    if (settlement.response_id.size() > kMaxResponseId) settlement.response_id.clear();
    if (settlement.tried.size() > kMostTried) settlement.tried.resize(kMostTried);
    record_.clear();
    encode(id, settlement, record_);
    const auto admission = found->second.admission;
    auto ended = close_call(std::move(found->second), std::move(settlement));
    open_.erase(found);
    bound_broken = ended->row.bound_broken;

    journal_.release(kMaxSettleBytes);
    try {
      journal_.append(record_);
    } catch (const Error& error) {
      // The row is safe in memory until it is folded; should we die before, its hold, which is on
      // disk, stands for it. New calls are refused until the cause is gone.
      note_broken_journal(error.what());
    }
    const auto number = note_end(admission, std::move(ended));
    if (journal_broken_) {
      if (durable) unsaved_.push_back({number, std::move(durable)});
    } else if (options_.durability == store::Durability::process) {
      done_now = true;
    } else if (durable) {
      unsynced_.push_back({[this, number, durable = std::move(durable)](const std::string& why) {
        if (why.empty()) return durable();
        when_saved(number, durable);
      }});
      if (unsynced_.size() == 1) to_sync_.notify_one();
    }
    if (!waiters_.empty()) serve_waiters(decided);
  }
  if (bound_broken) log::warning("call cost more than was held", {{"request", id.text()}});
  if (done_now && durable) durable();
  run(decided);
}

void Engine::when_saved(std::uint64_t event, const SettleCallback& done) {
  {
    std::lock_guard lock(mutex_);
    if (event >= first_event_) {
      unsaved_.push_back({event, done});
      note_work();
      return;
    }
  }
  done();
}

void Engine::count_refusal(const domain::LedgerRow& who) {
  std::lock_guard lock(mutex_);
  auto row = who;
  row.time = ledger_time();
  refusals_[rollup_key(row)] += 1;
  note_work();
}

domain::WindowState Engine::window(const domain::WindowId& id) const {
  std::lock_guard lock(mutex_);
  return counters_.peek(id, ledger_time());
}

Preview Engine::preview(const HoldRequest& request) const {
  std::lock_guard lock(mutex_);
  const auto now = ledger_time();
  std::vector<CounterPtr> counters;
  counters.reserve(request.constraints.size());
  for (const auto& constraint : request.constraints) {
    const auto state = counters_.peek(constraint.window, now);
    auto counter = std::make_shared<Counter>();
    counter->id = constraint.window;
    counter->cycle = state.cycle;
    counter->spent = state.spent;
    counter->held = state.held;
    counter->in_flight = state.in_flight;
    counters.push_back(std::move(counter));
  }
  auto result = fit(request, counters);
  return {result.ask, std::move(result.refusal), problem_.empty() ? segment_problem_ : problem_};
}

std::optional<domain::Period> Engine::counted_period(domain::Scope scope,
                                                     const std::string& subject,
                                                     Metric metric) const {
  std::lock_guard lock(mutex_);
  const auto counter = counters_.current({scope, subject, metric, {}});
  return counter ? std::optional(counter->id.period) : std::nullopt;
}

HeldTotals Engine::held() const {
  std::lock_guard lock(mutex_);
  HeldTotals totals;
  for (const auto& [id, call] : open_) {
    totals.calls += 1;
    totals.money =
        domain::Money::nanos(add_saturating(totals.money.nanos(), call.row.held.nanos()));
  }
  return totals;
}

std::string Engine::problem() const {
  std::lock_guard lock(mutex_);
  return problem_.empty() ? segment_problem_ : problem_;
}

const std::string& subject_of(const domain::LedgerRow& row, domain::Scope scope) {
  switch (scope) {
    case domain::Scope::key:
      return row.key.text();
    case domain::Scope::project:
      return row.project.text();
    case domain::Scope::account:
      return row.account.text();
  }
  return row.key.text();
}

bool counts(const domain::WindowId& window, const domain::LedgerRow& row) {
  if (window.subject == subject_of(row, window.scope)) return true;
  return window.scope == domain::Scope::key && !row.parent.empty() &&
         window.subject == row.parent.text();
}

store::RollupKey rollup_key(const domain::LedgerRow& row) {
  const auto bucket = std::chrono::floor<std::chrono::minutes>(row.time);
  const auto past = bucket.time_since_epoch() % std::chrono::minutes(15);
  return {bucket - past, row.account, row.project, row.key, row.group, row.model, row.upstream};
}

}  // namespace nufi::ledger
