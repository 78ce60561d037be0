// Random calls of several keys against a plain model that only adds and compares.

#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

namespace nufi::ledger {
namespace {

using domain::Metric;
using domain::Period;
using domain::Scope;
using namespace std::chrono_literals;

struct Open {
  domain::RequestId id;
  std::int64_t money = 0;
  std::int64_t tokens = 0;
};

/// Keys 0 to 3 of two projects of one account, with every kind of limit among them.
std::vector<Payer> payers() {
  std::vector<Payer> all(4);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].key = "key_" + std::to_string(i);
    all[i].project = "proj_" + std::to_string(i / 2);
    all[i].account_limits.budget = domain::Money::nanos(6000);
    all[i].account_limits.budget_period = Period::hour;
  }
  all[0].key_limits.budget = domain::Money::nanos(2000);
  all[0].key_limits.budget_period = Period::day;
  all[1].key_limits.token_limit = 3000;
  all[1].key_limits.token_period = Period::minute;
  for (int i : {2, 3}) all[static_cast<std::size_t>(i)].project_limits.token_limit = 500'000;
  all[3].key_limits.budget = domain::Money::nanos(9000);
  all[3].soft = true;
  return all;
}

class Model {
 public:
  explicit Model(std::uint64_t seed) : random_(seed) { house_->valve().pause(); }

  void step() {
    const auto dice = between(0, 99);
    if (dice < 40) return hold();
    if (dice < 70) return settle_one();
    if (dice < 78) return give_up();
    if (dice < 94) return house_->clock.advance(std::chrono::seconds(between(0, 40)));
    if (dice < 96) return house_->fold();
    if (dice < 97) return change_period();
    if (dice < 98) return house_->clock.advance(std::chrono::hours(between(0, 30)));
    if (between(0, 5) == 0) crash();
  }

  /// Every limited window of a strict key has room for all that was taken.
  bool limits_hold() {
    for (const auto& payer : payers_) {
      for (const auto& constraint : ask(payer, 0).constraints) {
        // A soft key passes its own limits; the ceilings above it do not give way.
        if (!constraint.limit || (payer.soft && constraint.window.scope == Scope::key)) continue;
        const auto state = house_->window(constraint.window);
        if (changed_.contains(constraint.window.subject)) continue;
        if (state.spent + state.held > *constraint.limit) return false;
      }
    }
    return true;
  }

  void finish() {
    house_->valve().resume();
    while (!waiting_.empty()) give_up();
    while (!open_.empty()) settle_one();
    CHECK(house_->faults() == "");
    const auto rows = house_->rows();
    std::int64_t spent = 0;
    std::map<std::int64_t, std::int64_t> costs;
    for (const auto& row : rows) {
      spent += row.cost.nanos();
      costs[row.id.value] = row.cost.nanos();
      CHECK(row.status != domain::RowStatus::running);
    }
    CHECK(rows.size() == expected_.size());
    CHECK(costs == expected_);
    CHECK(spent > 0);
    CHECK(house_->ledger().held().calls == 0);
  }

 private:
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(random_);
  }

  void note(const HoldOutcome& outcome) {
    if (const auto* held = std::get_if<Held>(&outcome)) {
      open_.push_back({held->id, held->ask.money.nanos(), held->ask.tokens});
    }
  }

  void collect_decided() {
    for (auto each = waiting_.begin(); each != waiting_.end();) {
      if (!each->is_decided()) {
        ++each;
        continue;
      }
      note(each->get());
      each = waiting_.erase(each);
    }
  }

  void hold() {
    const auto& payer = payers_[static_cast<std::size_t>(between(0, 3))];
    waiting_.push_back(start_hold(house_->ledger(), ask(payer, between(0, 900), between(0, 900))));
    collect_decided();
  }

  void settle_one() {
    if (open_.empty()) return;
    const auto at = static_cast<std::size_t>(between(0, static_cast<int>(open_.size()) - 1));
    const auto call = open_[at];
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(at));
    const auto money = between(0, call.money);
    settle(house_->ledger(), call.id, cost(money, between(0, call.tokens)));
    expected_[call.id.value] = money;
    collect_decided();
  }

  void give_up() {
    if (waiting_.empty()) return;
    house_->ledger().give_up(waiting_.front().ticket);
    CHECK(waiting_.front().is_decided());
    collect_decided();
  }

  void change_period() {
    auto& payer = payers_[0];
    const Period periods[] = {Period::day, Period::week, Period::month, Period::total};
    payer.key_limits.budget_period = periods[between(0, 3)];
    house_->valve().resume();
    house_->ledger().start_window(key_window(payer));
    house_->valve().pause();
    // A longer cycle may have more in it than the limit allows.
    changed_[payer.key] = true;
  }

  void crash() {
    for (auto& call : open_) expected_[call.id.value] = call.money;
    open_.clear();
    auto after = house_->crash();
    while (!waiting_.empty()) {
      house_->ledger().give_up(waiting_.front().ticket);
      waiting_.erase(waiting_.begin());
    }
    house_ = std::move(after);
    house_->valve().pause();
  }

  std::mt19937_64 random_;
  std::unique_ptr<House> house_ = std::make_unique<House>();
  std::vector<Payer> payers_ = payers();
  std::vector<Open> open_;
  std::vector<Pending> waiting_;
  std::map<std::int64_t, std::int64_t> expected_;  ///< cost by call
  std::map<std::string, bool> changed_;
};

}  // namespace

TEST_CASE("ledger: random calls, cycles, periods and crashes keep every limit and every sum") {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U, 5U}) {
    CAPTURE(seed);
    Model model(seed);
    bool within = true;
    for (int step = 0; step < 3000 && within; ++step) {
      model.step();
      within = model.limits_hold();
      if (!within) MESSAGE("a limit was passed at step " << step);
    }
    CHECK(within);
    model.finish();
  }
}

}  // namespace nufi::ledger
