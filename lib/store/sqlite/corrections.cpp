// `nufi reprice`: rows get another charge, and whatever sums them follows in the same transaction.

#include "lib/store/sqlite/audit.hpp"
#include "lib/store/sqlite/forgiven.hpp"
#include "lib/store/sqlite/ledger.hpp"
#include "lib/store/sqlite/requests.hpp"
#include "lib/store/sqlite/rollups.hpp"
#include "lib/store/sqlite/values.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nufi::store::sqlite {
namespace {

/// Where a row is counted, and by how much its charge changed.
struct Change {
  domain::RequestId id;
  Timestamp time;
  RollupKey rollup;
  std::optional<std::string> parent;  ///< of the key
  RollupSums sums;
};

/// The row as far as its charge goes; std::nullopt if it is gone, still runs or costs something
/// else than `correction` was decided on.
std::optional<Change> read_change(Connection& connection, const Correction& correction) {
  Query row(connection.prepared(
      "SELECT time, account_id, project_id, key_id, group_name, model, upstream, upstream_cost, "
      "parent_key_id FROM requests WHERE id = ? AND status <> 'running' AND cost = ?"));
  row.add(correction.id.value).add(correction.was);
  if (!row.step()) return std::nullopt;
  Change change;
  change.id = correction.id;
  change.time = row.time();
  auto& key = change.rollup;
  key.bucket = change.time - change.time.time_since_epoch() % kQuarter;
  key.account = domain::AccountId(row.text());
  key.project = domain::ProjectId(row.text());
  key.key = domain::KeyId(row.text());
  key.group = row.text();
  key.model = row.text();
  key.upstream = row.text();
  change.sums.cost = correction.cost - correction.was;
  change.sums.upstream_cost = correction.upstream_cost - row.money();
  change.parent = row.maybe_text();
  return change;
}

void write_charge(Connection& connection, const Correction& correction) {
  const std::string basis(domain::cost_basis_name(correction.basis));
  Query(connection.prepared(
            "UPDATE requests SET cost = ?, upstream_cost = ?, cost_basis = ?, price_id = ? "
            "WHERE id = ?"))
      .add(correction.cost)
      .add(correction.upstream_cost)
      .add(basis)
      .add(correction.price_id)
      .add(correction.id.value)
      .run();
}

/// The windows in which USD of one subject count, and what is to be added to each.
class Windows {
 public:
  explicit Windows(Connection& connection) : connection_(connection) {}

  void add(domain::Scope scope, const std::string& subject, const Change& change) {
    if (change.sums.cost == domain::Money::zero()) return;
    Query row(connection_.prepared(
        "SELECT period, cycle_start, cycle_end FROM windows WHERE scope = ? AND subject = ? AND "
        "metric = 'usd' AND cycle_start <= ? AND cycle_end > ?"));
    row.add(domain::scope_name(scope)).add(subject).add(change.time).add(change.time);
    while (row.step()) {
      const domain::WindowId id{scope, subject, domain::Metric::usd, read_period(row)};
      auto& known = changes_[{scope, subject}];
      domain::Cycle cycle;
      cycle.start = row.time();
      cycle.end = row.time();
      auto found = std::find_if(known.begin(), known.end(), [&](const Amount& one) {
        return one.window == id && one.cycle_start == cycle.start;
      });
      if (found == known.end()) found = known.insert(known.end(), Amount{{id, cycle.start, 0}, 0});
      const bool is_free = is_forgiven(connection_, scope, subject, change.id, cycle);
      (is_free ? found->forgiven : found->change) += change.sums.cost.nanos();
    }
  }

  /// Writes them all. No window goes below nothing: it may have been forgiven before resets were
  /// remembered.
  std::vector<WindowChange> write() {
    std::vector<WindowChange> written;
    for (auto& [subject, changes] : changes_) {
      for (auto& change : changes) {
        const std::int64_t spent = spent_of(change);
        const std::int64_t sum = spent + change.change;
        const std::int64_t now = std::max<std::int64_t>(sum, 0);
        Query query(connection_.prepared(
            "UPDATE windows SET spent = ?, adjustment = adjustment + ? WHERE scope = ? AND "
            "subject = ? AND metric = 'usd' AND period = ? AND cycle_start = ?"));
        query.add(now).add(now - sum - change.forgiven);
        add_name(query, change);
        query.run();
        change.change = now - spent;
        written.push_back(change);
      }
    }
    return written;
  }

 private:
  struct Amount : WindowChange {
    std::int64_t forgiven = 0;  ///< changes rows, but not what the window has spent
  };

  static void add_name(Query& query, const WindowChange& change) {
    query.add(domain::scope_name(change.window.scope))
        .add(change.window.subject)
        .add(domain::period_name(change.window.period))
        .add(change.cycle_start);
  }

  std::int64_t spent_of(const WindowChange& change) {
    Query row(connection_.prepared(
        "SELECT spent FROM windows WHERE scope = ? AND subject = ? AND metric = 'usd' AND "
        "period = ? AND cycle_start = ?"));
    add_name(row, change);
    return row.step() ? row.integer() : 0;
  }

  Connection& connection_;
  std::map<std::pair<domain::Scope, std::string>, std::vector<Amount>> changes_;
};

}  // namespace

Corrected SqliteLedger::correct(const std::vector<Correction>& corrections,
                                const AuditEntry* audit) {
  return translating(writer_.file(), [&] {
    Corrected result;
    Transaction transaction(writer_, Transaction::Kind::write);
    Windows windows(writer_);
    std::map<RollupKey, RollupSums> rollups;
    for (const Correction& correction : corrections) {
      const auto change = read_change(writer_, correction);
      if (!change) continue;
      write_charge(writer_, correction);
      rollups[change->rollup] += change->sums;
      windows.add(domain::Scope::key, change->rollup.key.text(), *change);
      if (change->parent) windows.add(domain::Scope::key, *change->parent, *change);
      windows.add(domain::Scope::project, change->rollup.project.text(), *change);
      windows.add(domain::Scope::account, change->rollup.account.text(), *change);
      result.rows += 1;
    }
    write_rollups(writer_, rollups);
    result.windows = windows.write();
    if (audit != nullptr) record(writer_, *audit);
    transaction.commit();
    return result;
  });
}

}  // namespace nufi::store::sqlite
