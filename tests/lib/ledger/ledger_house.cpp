#include "tests/lib/ledger/ledger_house.hpp"

#include "lib/base/error.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace nufi::ledger {

using namespace std::chrono_literals;

void Valve::pause() {
  const std::lock_guard lock(mutex_);
  paused_ = true;
}

void Valve::resume() {
  const std::lock_guard lock(mutex_);
  paused_ = false;
  resumed_.notify_all();
}

void Valve::await_batch() {
  std::unique_lock lock(mutex_);
  came_.wait(lock, [this] { return held_back_ > 0; });
}

void Valve::apply(const store::LedgerBatch& batch) {
  std::unique_lock lock(mutex_);
  ++held_back_;
  came_.notify_all();
  resumed_.wait(lock, [this] { return !paused_; });
  --held_back_;
  if (fails_) throw Error(Errc::unavailable, "disk full");
  inner_.apply(batch);
  ++applied_;
}

store::Corrected Valve::correct(const std::vector<store::Correction>& corrections,
                                const store::AuditEntry* audit) {
  if (fails_) throw Error(Errc::unavailable, "disk full");
  return inner_.correct(corrections, audit);
}

Payer key_with(std::int64_t nanos, domain::Period period) {
  Payer payer;
  payer.key_limits.budget = domain::Money::nanos(nanos);
  payer.key_limits.budget_period = period;
  return payer;
}

HoldRequest ask(const Payer& payer, std::int64_t nanos, std::int64_t tokens) {
  HoldRequest request;
  request.row.account = domain::AccountId(payer.account);
  request.row.project = domain::ProjectId(payer.project);
  request.row.key = domain::KeyId(payer.key);
  request.row.key_name = "laptop";
  request.row.group = "default";
  request.row.endpoint = "chat/completions";
  request.row.model = "gpt-4o";
  request.row.parent = domain::KeyId(payer.parent);
  const auto add =
      [&](domain::Scope scope, const std::string& id, const auto& limits, bool soft = false) {
        std::optional<std::int64_t> usd;
        if (limits.budget) usd = limits.budget->nanos();
        request.constraints.push_back(
            {{scope, id, domain::Metric::usd, limits.budget_period}, usd, soft});
        request.constraints.push_back(
            {{scope, id, domain::Metric::tokens, limits.token_period}, limits.token_limit, soft});
      };
  add(domain::Scope::key, payer.key, payer.key_limits, payer.soft);
  if (!payer.parent.empty()) {
    add(domain::Scope::key, payer.parent, payer.parent_limits, payer.parent_soft);
  }
  add(domain::Scope::project, payer.project, payer.project_limits);
  add(domain::Scope::account, payer.account, payer.account_limits);
  request.ceiling.prompt_cost = domain::Money::nanos(nanos);
  request.ceiling.prompt_tokens = tokens;
  request.ceiling.output_tokens = 0;
  return request;
}

Settlement cost(std::int64_t nanos, std::int64_t tokens) {
  Settlement settlement;
  settlement.http_status = 200;
  settlement.upstream = "openai";
  settlement.upstream_model = "gpt-4o-2024-08-06";
  settlement.cost = domain::Money::nanos(nanos);
  settlement.upstream_cost = domain::Money::nanos(nanos);
  settlement.usage[domain::Bucket::input] = tokens;
  settlement.basis = domain::CostBasis::exact;
  settlement.attempts = 1;
  return settlement;
}

domain::WindowId window_of(domain::Scope scope,
                           const std::string& subject,
                           domain::Metric metric,
                           domain::Period period) {
  return {scope, subject, metric, period};
}

domain::WindowId key_window(const Payer& payer) {
  return {domain::Scope::key, payer.key, domain::Metric::usd, payer.key_limits.budget_period};
}

bool Pending::is_decided() const {
  return outcome.wait_for(0s) == std::future_status::ready;
}

HoldOutcome Pending::get() {
  if (outcome.wait_for(10s) != std::future_status::ready) {
    throw std::runtime_error("a hold was not decided in time");
  }
  return outcome.get();
}

Pending start_hold(Ledger& ledger, HoldRequest request) {
  auto promise = std::make_shared<std::promise<HoldOutcome>>();
  Pending pending;
  pending.outcome = promise->get_future();
  pending.ticket = ledger.hold(std::move(request), [promise](HoldOutcome outcome) {
    promise->set_value(std::move(outcome));
  });
  return pending;
}

void settle(Ledger& ledger, domain::RequestId id, Settlement settlement) {
  auto durable = std::make_shared<std::promise<void>>();
  auto future = durable->get_future();
  ledger.settle(id, std::move(settlement), [durable] { durable->set_value(); });
  if (future.wait_for(10s) != std::future_status::ready) {
    throw std::runtime_error("a settlement did not become durable in time");
  }
}

domain::RequestId taken(const HoldOutcome& outcome) {
  REQUIRE(std::holds_alternative<Held>(outcome));
  return std::get<Held>(outcome).id;
}

House::House(store::Durability durability, Timestamp now) : clock(now), durability_(durability) {
  open();
}

House::~House() {
  close();
}

void House::open() {
  store_ = store::sqlite::open(directory.path() / "nufi.db", store::Durability::process);
  valve_ = std::make_unique<Valve>(store_->ledger());
  ledger_ = ledger::open(
      *valve_,
      clock,
      {.journal_dir = directory.path() / "journal", .durability = durability_, .zone = TimeZone()});
}

void House::close() {
  if (valve_) {
    valve_->fail(false);
    valve_->resume();
  }
  ledger_.reset();
  valve_.reset();
  store_.reset();
}

std::unique_ptr<House> House::crash() {
  auto copy = std::make_unique<House>(durability_, clock.now());
  copy->close();
  const auto& to = copy->directory.path();
  std::filesystem::remove_all(to);
  std::filesystem::create_directories(to / "journal");
  const auto quiet = valve_->quiet();
  for (const auto* name : {"nufi.db", "nufi.db-wal"}) {
    if (!std::filesystem::exists(directory.path() / name)) continue;
    std::filesystem::copy_file(directory.path() / name, to / name);
  }
  for (const auto& entry : std::filesystem::directory_iterator(directory.path() / "journal")) {
    if (entry.path().extension() != ".journal") continue;
    std::filesystem::copy_file(entry.path(), to / "journal" / entry.path().filename());
  }
  copy->open();
  return copy;
}

void House::fold() {
  valve_->resume();
  ledger_->sync();
  valve_->pause();
}

void House::be_still() {
  valve_->pause();
  ledger_->count_refusal(ask(Payer(), 0).row);  // brings the writer to the valve
  valve_->await_batch();
}

domain::RequestId House::hold(HoldRequest request) {
  return taken(start_hold(*ledger_, std::move(request)).get());
}

std::vector<domain::LedgerRow> House::rows() {
  ledger_->sync();
  store::RequestFilter filter;
  filter.limit = 1'000'000;
  auto rows = store_->reports().requests(filter);
  std::reverse(rows.begin(), rows.end());
  return rows;
}

std::string House::faults() {
  ledger_->sync();
  std::string text;
  for (const auto& fault : store_->ledger().verify().faults) text += fault.what + "\n";
  return text;
}

}  // namespace nufi::ledger
