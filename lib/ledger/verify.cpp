// What only the running ledger can compare: open calls and the journal's files. Sums are the
// store's.

#include "lib/base/error.hpp"
#include "lib/ledger/engine.hpp"

#include <unordered_set>

namespace nufi::ledger {

store::VerifyReport Engine::verify() {
  store::VerifyReport found;
  {
    std::lock_guard folding(fold_mutex_);
    if (!fold()) throw Error(Errc::unavailable, "the ledger can't be written: " + problem());
    check_open_calls(found);
    std::vector<Journal::Extent> extents;
    {
      std::lock_guard lock(mutex_);
      extents = journal_.extents();
    }
    // Folding is stopped, so no segment is used again meanwhile.
    for (auto& extent : extents) {
      if (auto fault = Journal::check(std::move(extent)); !fault.empty()) {
        found.faults.push_back({std::move(fault)});
      }
    }
  }
  auto report = store_.verify();
  report.faults.insert(report.faults.begin(), found.faults.begin(), found.faults.end());
  return report;
}

void Engine::check_open_calls(store::VerifyReport& report) {
  // With folding stopped, the database has a row of each call that was open at the last fold.
  const auto rows = store_.open_rows();
  std::lock_guard lock(mutex_);
  std::unordered_set<std::int64_t> known;
  for (const auto& each : unfolded_) known.insert(each.id.value);
  for (const auto& row : rows) {
    if (open_.contains(row.value) || known.contains(row.value)) continue;
    report.faults.push_back({"row " + row.text() + " is open, but no such call is in flight"});
  }
  for (const auto& row : rows) known.insert(row.value);
  for (const auto& [id, call] : open_) {
    if (known.contains(id)) continue;
    report.faults.push_back({"call " + call.row.id.text() + " is in flight, but has no row"});
  }
}

}  // namespace nufi::ledger
