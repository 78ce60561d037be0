// Random histories of several keys against a plain model that only adds and compares. A history
// that fails is shrunk to a short one and printed; RC_PARAMS="seed=…" runs it again.

#include "lib/base/text.hpp"
#include "lib/ledger/engine.hpp"
#include "tests/lib/ledger/ledger_house.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <rapidcheck.h>
#include <set>
#include <tuple>

namespace nufi::ledger {
namespace {

using domain::Metric;
using domain::Period;
using domain::Scope;
using namespace std::chrono_literals;

/// What happens next, and two numbers that say how.
using Step = std::tuple<int, int, int>;
using History = std::vector<Step>;

/// A call that was admitted.
struct Call {
  std::size_t payer = 0;
  Timestamp time;
  std::int64_t money = 0;   ///< held, then charged
  std::int64_t tokens = 0;  ///< the same
  bool running = true;
  bool retired = false;  ///< its row is gone by age

  [[nodiscard]] std::int64_t amount(Metric metric) const {
    return metric == Metric::usd ? money : tokens;
  }
};

/// A hold that is not decided yet.
struct Waiting {
  std::size_t payer = 0;
  std::int64_t money = 0;
  std::int64_t tokens = 0;
  Pending pending;
};

/// Keys 0 to 3 of two projects of one account, with every kind of limit among them; 4 and 5 are
/// children of 0, and 6 of 3, which is soft.
std::vector<Payer> make_payers() {
  std::vector<Payer> all(7);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].key = "key_" + std::to_string(i);
    all[i].project = "proj_" + std::to_string(i / 2 % 2);
    all[i].account_limits.budget = domain::Money::nanos(6000);
    all[i].account_limits.budget_period = Period::hour;
  }
  all[0].key_limits.budget = domain::Money::nanos(2000);
  all[0].key_limits.budget_period = Period::day;
  all[1].key_limits.token_limit = 3000;
  all[1].key_limits.token_period = Period::minute;
  for (std::size_t i : {2U, 3U}) all[i].project_limits.token_limit = 50'000;
  all[3].key_limits.budget = domain::Money::nanos(9000);
  all[3].soft = true;
  all[4].key_limits.budget = domain::Money::nanos(700);
  all[4].key_limits.budget_period = Period::total;
  for (std::size_t i : {4U, 5U}) all[i].parent = all[0].key;
  all[6].parent = all[3].key;
  return all;
}

/// Children go by what their parents' limits are now.
void tell_children(std::vector<Payer>& all) {
  for (auto& child : all) {
    for (const auto& parent : all) {
      if (child.parent != parent.key) continue;
      child.parent_limits = parent.key_limits;
      child.parent_soft = parent.soft;
    }
  }
}

class Model {
 public:
  Model() {
    house_->be_still();
    tell_children(payers_);
  }

  void play(const Step& step) {
    act(step);
    // A fold serves who waits, too: a window may have turned.
    collect_decided();
  }

  /// Every window has spent and holds what its calls say, and a limit that nobody moved is kept.
  void check_windows() {
    for (const auto& payer : payers_) {
      for (const auto& constraint : ask(payer, 0).constraints) {
        const auto& id = constraint.window;
        const auto state = house_->window(id);
        RC_ASSERT(describe(id, state.cycle, state.spent, state.held) ==
                  describe(id,
                           state.cycle,
                           expected(id, state.cycle, /*running=*/false),
                           expected(id, state.cycle, /*running=*/true)));
        if (!constraint.limit || constraint.soft || moved_.contains({id.subject, id.metric}))
          continue;
        RC_ASSERT(state.spent + state.held <= *constraint.limit);
      }
    }
    std::int64_t running = 0;
    for (const auto& [id, call] : calls_) running += call.running ? 1 : 0;
    RC_ASSERT(house_->ledger().held().calls == running);
  }

  void finish() {
    house_->valve().resume();
    while (settle_first()) {
    }
    // Nothing is in flight any more: who still waits would wait for nobody.
    collect_decided();
    RC_ASSERT(waiting_.empty());
    check_windows();
    RC_ASSERT(house_->faults() == "");
    std::map<std::int64_t, std::int64_t> rows;
    for (const auto& row : house_->rows()) {
      RC_ASSERT(row.status != domain::RowStatus::running);
      rows[row.id.value] = row.cost.nanos();
    }
    std::map<std::int64_t, std::int64_t> wanted;
    for (const auto& [id, call] : calls_) {
      if (!call.retired) wanted[id] = call.money;
    }
    RC_ASSERT(rows == wanted);
    house_->reopen();
    check_windows();
    RC_ASSERT(house_->faults() == "");
  }

 private:
  void act(const Step& step) {
    const auto [what, a, b] = step;
    if (what < 36) return hold(a, b);
    if (what < 62) return settle_one(a, b);
    if (what < 68) return give_up(a);
    if (what < 80) return house_->clock.advance(std::chrono::seconds(a % 40));
    if (what < 83) return fold();
    if (what < 86) return house_->clock.advance(std::chrono::hours(a % 30));
    if (what < 88) return house_->clock.shift(std::chrono::hours(a % 9 - 4));
    if (what < 90) return change_limit(a, b);
    if (what < 92) return change_period(a, b);
    if (what < 95) return reset(a);
    if (what < 97) return retire(a);
    if (what < 98) return verify();
    crash();
  }

  static std::string describe(const domain::WindowId& id,
                              const domain::Cycle& cycle,
                              std::int64_t spent,
                              std::int64_t held) {
    return id.subject + " " + std::string(domain::metric_name(id.metric)) + " " +
           std::string(domain::period_name(id.period)) + " from " + format_rfc3339(cycle.start) +
           ": spent " + std::to_string(spent) + ", held " + std::to_string(held);
  }

  Payer& payer(int number) { return payers_[static_cast<std::size_t>(number) % payers_.size()]; }

  /// What calls of the window's subject did in the cycle.
  std::int64_t expected(const domain::WindowId& id, const domain::Cycle& cycle, bool running) {
    std::int64_t sum = 0;
    for (const auto& [number, call] : calls_) {
      if (call.running != running || !cycle.holds(call.time)) continue;
      const auto& by = payers_[call.payer];
      const bool of_parent = id.scope == Scope::key && id.subject == by.parent;
      const auto& subject = id.scope == Scope::key       ? by.key
                            : id.scope == Scope::project ? by.project
                                                         : by.account;
      if (subject != id.subject && !of_parent) continue;
      const bool soft = id.scope == Scope::key && (of_parent ? by.parent_soft : by.soft);
      if (running && soft) continue;
      sum += call.amount(id.metric);
    }
    return running ? sum : sum - forgiven_[{id, cycle.start}];
  }

  /// True if the call fits all its windows now, or could once nothing is in flight.
  bool fits(const Waiting& call, bool once_all_settled) {
    const auto& by = payers_[call.payer];
    const auto request = ask(by, call.money, call.tokens);
    return std::all_of(
        request.constraints.begin(), request.constraints.end(), [&](const auto& constraint) {
          if (!constraint.limit) return true;
          const auto state = house_->window(constraint.window);
          if (constraint.soft) return state.spent < *constraint.limit;
          const auto amount = constraint.window.metric == Metric::usd ? call.money : call.tokens;
          return state.spent + (once_all_settled ? 0 : state.held) + amount <= *constraint.limit;
        });
  }

  void note(const Waiting& waiting, const HoldOutcome& outcome) {
    if (const auto* held = std::get_if<Held>(&outcome)) {
      calls_[held->id.value] = {
          waiting.payer, time_of(held->id), held->ask.money.nanos(), held->ask.tokens};
    }
  }

  void collect_decided() {
    for (auto each = waiting_.begin(); each != waiting_.end();) {
      if (!each->pending.is_decided()) {
        ++each;
        continue;
      }
      note(*each, each->pending.get());
      each = waiting_.erase(each);
    }
  }

  void hold(int a, int b) {
    Waiting call;
    call.payer = static_cast<std::size_t>(b) % payers_.size();
    call.money = a;
    call.tokens = b;
    const bool fitted = fits(call, /*once_all_settled=*/false);
    const bool may_fit = fits(call, /*once_all_settled=*/true);
    const bool alone = waiting_.empty();
    call.pending = start_hold(house_->ledger(), ask(payers_[call.payer], call.money, call.tokens));
    if (call.pending.is_decided()) {
      const auto outcome = call.pending.get();
      RC_ASSERT(std::holds_alternative<Held>(outcome) == fitted);
      RC_ASSERT(fitted || !may_fit);
      note(call, outcome);
    } else {
      RC_ASSERT(may_fit);
      RC_ASSERT(!fitted || !alone);
      waiting_.push_back(std::move(call));
    }
    collect_decided();
  }

  void settle_call(std::int64_t id, std::int64_t money, std::int64_t tokens) {
    auto& call = calls_[id];
    call.money = money;
    call.tokens = tokens;
    call.running = false;
    settle(house_->ledger(), {id}, cost(money, tokens));
    collect_decided();
  }

  void settle_one(int a, int b) {
    std::vector<std::int64_t> running;
    for (const auto& [id, call] : calls_) {
      if (call.running) running.push_back(id);
    }
    if (running.empty()) return;
    const auto id = running[static_cast<std::size_t>(a) % running.size()];
    const auto& call = calls_[id];
    settle_call(id, a % (call.money + 1), b % (call.tokens + 1));
  }

  bool settle_first() {
    const auto found = std::find_if(
        calls_.begin(), calls_.end(), [](const auto& each) { return each.second.running; });
    if (found == calls_.end()) return false;
    settle_call(found->first, found->second.money / 2, found->second.tokens / 2);
    return true;
  }

  void give_up(int a) {
    if (waiting_.empty()) return;
    auto& waiting = waiting_[static_cast<std::size_t>(a) % waiting_.size()];
    house_->ledger().give_up(waiting.pending.ticket);
    RC_ASSERT(waiting.pending.is_decided());
    collect_decided();
  }

  void change_limit(int a, int b) {
    auto& limits = payer(a).key_limits;
    if (b % 2 == 0) {
      limits.budget = domain::Money::nanos(b * 10);
      moved_.insert({payer(a).key, Metric::usd});
    } else {
      limits.token_limit = b * 10;
      moved_.insert({payer(a).key, Metric::tokens});
    }
    tell_children(payers_);
  }

  void change_period(int a, int b) {
    const Period periods[] = {
        Period::hour, Period::day, Period::week, Period::month, Period::total};
    auto& changed = payer(a);
    const auto period = periods[b % 5];
    if (changed.key_limits.budget_period == period) return;
    changed.key_limits.budget_period = period;
    tell_children(payers_);
    house_->valve().resume();
    house_->ledger().start_window(key_window(changed));
    house_->be_still();
    // Another cycle may have more in it than the limit allows. What was forgiven in it stays so.
    moved_.insert({changed.key, Metric::usd});
    std::erase_if(forgiven_, [&](const auto& each) {
      return each.first.first.subject == changed.key && each.first.first.metric == Metric::usd;
    });
    const auto window = key_window(changed);
    const auto cycle = house_->window(window).cycle;
    // Never more than what had ended by the last reset.
    std::int64_t most = 0;
    for (const auto number : forgiven_calls_[{changed.key, Metric::usd}]) {
      const auto& call = calls_.at(number);
      const auto& by = payers_[call.payer];
      const bool is_own = by.key == changed.key || by.parent == changed.key;
      if (is_own && cycle.holds(call.time)) most += call.amount(Metric::usd);
    }
    const auto forgiven = expected(window, cycle, /*running=*/false) - house_->window(window).spent;
    RC_ASSERT(forgiven >= 0);
    RC_ASSERT(forgiven <= most);
    forgiven_[{window, cycle.start}] = forgiven;
    collect_decided();
  }

  void reset(int a) {
    const auto& by = payer(a);
    const auto& limits = by.key_limits;
    std::vector<domain::WindowId> windows = {
        {Scope::key, by.key, Metric::usd, limits.budget_period},
        {Scope::key, by.key, Metric::tokens, limits.token_period}};
    if (a % 3 == 0) windows.push_back({Scope::account, by.account, Metric::usd, Period::hour});
    house_->valve().resume();
    const auto forgiven = house_->ledger().reset_windows(windows, {});
    house_->be_still();
    for (std::size_t i = 0; i < windows.size(); ++i) {
      const auto cycle = house_->window(windows[i]).cycle;
      forgiven_[{windows[i], cycle.start}] += forgiven[i];
      auto& ended = forgiven_calls_[{windows[i].subject, windows[i].metric}];
      for (const auto& [number, call] : calls_) {
        if (!call.running) ended.insert(number);
      }
    }
    collect_decided();
  }

  /// Rows older than some hours go.
  void retire(int a) {
    const auto old = house_->clock.now() - std::chrono::hours(a % 48);
    auto before = old - old.time_since_epoch() % 15min;
    for (const auto& [id, call] : calls_) {
      if (!call.running) continue;
      before = std::min(before, call.time - call.time.time_since_epoch() % 15min);
    }
    house_->valve().resume();
    house_->ledger().sync();
    while (house_->store().ledger().retire(before, 1ms).more) {
    }
    house_->be_still();
    for (auto& [id, call] : calls_) {
      // The newest row stays: ids go on from it.
      const bool is_newest = id == calls_.rbegin()->first;
      call.retired = call.retired || (!call.running && call.time < before && !is_newest);
    }
  }

  void fold() {
    house_->fold();
    house_->be_still();
  }

  void verify() {
    house_->valve().resume();
    RC_ASSERT(house_->ledger().verify().faults.empty());
    house_->be_still();
  }

  /// Calls in flight cost their hold.
  void crash() {
    for (auto& [id, call] : calls_) call.running = false;
    auto after = house_->crash();
    for (auto& waiting : waiting_) house_->ledger().give_up(waiting.pending.ticket);
    waiting_.clear();
    house_ = std::move(after);
    house_->be_still();
  }

  std::unique_ptr<House> house_ = std::make_unique<House>();
  std::vector<Payer> payers_ = make_payers();
  std::map<std::int64_t, Call> calls_;
  std::vector<Waiting> waiting_;
  std::map<std::pair<domain::WindowId, Timestamp>, std::int64_t> forgiven_;
  /// Calls that had ended at the last reset of a subject's window; also those of others.
  std::map<std::pair<std::string, Metric>, std::set<std::int64_t>> forgiven_calls_;
  /// Windows whose limit or period was changed: they may have more than it allows.
  std::set<std::pair<std::string, Metric>> moved_;
};

}  // namespace

TEST_CASE("ledger: whatever happens, windows, rows and limits are those of a plain model") {
  const auto step =
      rc::gen::tuple(rc::gen::inRange(0, 99), rc::gen::inRange(0, 900), rc::gen::inRange(0, 900));
  const auto histories = rc::gen::scale(2.5, rc::gen::container<History>(step));
  CHECK(rc::check("ledger and model agree", [&] {
    const auto history = *histories;
    Model model;
    for (const auto& each : history) {
      model.play(each);
      model.check_windows();
    }
    model.finish();
  }));
}

}  // namespace nufi::ledger
