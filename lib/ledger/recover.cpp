// The start: database, then journal, then what neither saw the end of.

#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/ledger/engine.hpp"

#include <algorithm>
#include <utility>

namespace nufi::ledger {
namespace {

std::int64_t held_amount(const domain::LedgerRow& row, domain::Metric metric) {
  return metric == domain::Metric::usd ? row.held.nanos() : row.held_tokens;
}

/// We may have been billed up to the hold, so that is what the call costs. How its tokens were
/// spread is not known: they are all booked as output.
Settlement interrupted(const domain::LedgerRow& row) {
  Settlement end;
  end.status = domain::RowStatus::interrupted;
  end.error_code = "interrupted";
  end.usage[domain::Bucket::output] = row.held_tokens;
  end.cost = row.held;
  end.upstream_cost = row.held;
  end.basis = domain::CostBasis::held;
  end.usage_basis = domain::CostBasis::held;
  return end;
}

}  // namespace

Engine::Engine(store::LedgerStore& store, const Clock& clock, Options options)
    : store_(store),
      clock_(clock),
      options_(std::move(options)),
      counters_(options_.zone),
      journal_(options_.journal_dir) {
  recover();
  keep_segments();
  if (!segment_problem_.empty()) {
    throw Error(Errc::unavailable,
                segment_problem_,
                "free some disk space, and check the rights of " + options_.journal_dir.string());
  }
  writer_ = std::jthread([this](const std::stop_token& stop) { write_continuously(stop); });
  if (options_.durability == store::Durability::power) {
    syncer_ = std::jthread([this](const std::stop_token& stop) { sync_continuously(stop); });
  }
}

Engine::~Engine() {
  writer_ = {};
  syncer_ = {};
  std::lock_guard folding(fold_mutex_);
  if (!fold()) log::error("ledger not folded at the end; the journal keeps it");
}

CounterPtr Engine::recovered_counter(std::vector<CounterPtr>& loaded,
                                     const domain::WindowId& id,
                                     Timestamp time) {
  for (const auto& counter : loaded) {
    if (counter->id == id && counter->cycle.holds(time)) return counter;
  }
  auto counter = std::make_shared<Counter>();
  counter->id = id;
  counter->cycle = domain::cycle_at(id.period, time, counters_.zone());
  loaded.push_back(counter);
  counters_.touch(counter);
  return counter;
}

void Engine::recover() {
  auto state = store_.load(clock_.now());
  // What is not folded yet may belong to windows that have turned since: read their cycles too. No
  // unfolded call is older than the newest row of the database or the oldest that is still open.
  auto oldest = std::min(clock_.now(), time_of(state.last_request));
  for (const auto& row : state.running) oldest = std::min(oldest, row.time);
  state = store_.load(oldest);
  last_id_ = state.last_request;

  std::vector<CounterPtr> loaded;
  for (const auto& amount : state.windows) {
    auto counter = std::make_shared<Counter>();
    counter->id = amount.window;
    counter->cycle = {amount.cycle_start, amount.cycle_end};
    counter->spent = counter->stored = amount.spent;
    loaded.push_back(std::move(counter));
  }
  for (auto& row : state.running) {
    OpenCall call;
    for (const auto& counter : loaded) {
      if (!counts(counter->id, row)) continue;
      if (!counter->cycle.holds(row.time)) continue;
      const auto amount = held_amount(row, counter->id.metric);
      counter->held += amount;
      counter->in_flight += 1;
      call.takes.push_back({counter, amount});
    }
    const auto id = row.id.value;
    call.row = std::move(row);
    open_.emplace(id, std::move(call));
  }

  journal_.replay(state.journal_position, [&](std::uint64_t position, std::string_view bytes) {
    auto record = decode(bytes);
    if (auto* hold = std::get_if<HoldRecord>(&record)) {
      OpenCall call;
      for (const auto& window : hold->windows) {
        const auto& subject =
            window.of_parent ? hold->row.parent.text() : subject_of(hold->row, window.scope);
        auto counter = recovered_counter(
            loaded, {window.scope, subject, window.metric, window.period}, hold->row.time);
        const auto amount = window.soft ? 0 : held_amount(hold->row, window.metric);
        counter->held += amount;
        counter->in_flight += 1;
        call.takes.push_back({counter, amount});
      }
      last_id_ = std::max(last_id_, hold->row.id);
      call.row = std::move(hold->row);
      const auto id = call.row.id;
      call.admission = next_event();
      open_.emplace(id.value, std::move(call));
      unfolded_.push_back({position, id, nullptr, 0});
      return;
    }
    auto& settle = std::get<SettleRecord>(record);
    auto found = open_.find(settle.id.value);
    if (found == open_.end()) {
      log::error("journal settles a call nobody made", {{"request", settle.id.text()}});
      return;
    }
    const auto admission = found->second.admission;
    note_end(admission, close_call(std::move(found->second), std::move(settle.settlement)));
    unfolded_.back().position = position;
    open_.erase(found);
  });

  if (!open_.empty()) {
    log::warning("calls were interrupted by a crash and cost what they held",
                 {{"calls", static_cast<long long>(open_.size())}});
  }
  for (auto& [id, call] : open_) {
    auto end = interrupted(call.row);
    const auto admission = call.admission;
    note_end(admission, close_call(std::move(call), std::move(end)));
  }
  open_.clear();

  // A subject whose period was changed may still have cycles of the old one that had ended then:
  // the window it has now is the one that ends last.
  std::sort(loaded.begin(), loaded.end(), [](const auto& a, const auto& b) {
    return a->cycle.end < b->cycle.end;
  });
  for (const auto& counter : loaded) {
    counters_.put(counter);
    latest_ = std::max(latest_, counter->cycle.start);
  }
  if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem_);
}

std::unique_ptr<Ledger> open(store::LedgerStore& store, const Clock& clock, Options options) {
  return std::make_unique<Engine>(store, clock, std::move(options));
}

}  // namespace nufi::ledger
