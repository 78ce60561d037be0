// What is older than it is kept goes, oldest first. Rows go before windows, and `rows_kept_from`
// moves in the transaction that deletes: verify() never misses a row that it still trusts in.

#include "lib/base/clock.hpp"
#include "lib/store/sqlite/ledger.hpp"
#include "lib/store/sqlite/requests.hpp"
#include "lib/store/sqlite/rollups.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace nufi::store::sqlite {
namespace {

/// Rows that are deleted between two looks at the watch.
constexpr std::int64_t kRowsAtOnce = 50;
/// Windows that one step deletes at most.
constexpr std::int64_t kWindowsAtOnce = 500;

std::int64_t read_meta(Connection& connection, const std::string& name) {
  Query row(connection.prepared("SELECT value FROM meta WHERE name = ?"));
  row.add(name);
  return row.step() ? row.integer() : 0;
}

/// `value` never goes back.
void raise_meta(Connection& connection, const std::string& name, Timestamp value) {
  Query(connection.prepared("UPDATE meta SET value = max(value, ?) WHERE name = ?"))
      .add(value)
      .add(name)
      .run();
}

/// The last of the next few rows in (`after`, `behind`) of ids; std::nullopt if there are none.
std::optional<std::int64_t> end_of_next(Connection& connection,
                                        std::int64_t after,
                                        std::int64_t behind) {
  Query row(
      connection.prepared("SELECT max(id) FROM (SELECT id FROM requests WHERE id > ? AND "
                          "id < ? ORDER BY id LIMIT ?)"));
  row.add(after).add(behind).add(kRowsAtOnce);
  row.step();
  return row.maybe_integer();
}

Timestamp quarter_of(Timestamp time) {
  return time - time.time_since_epoch() % kQuarter;
}

Timestamp quarter_after(std::int64_t id) {
  return quarter_of(Timestamp(std::chrono::milliseconds(id >> 20))) + kQuarter;
}

/// A call that is open may still charge its row and its windows: they stay, and all that is newer.
Timestamp not_after_open_rows(Connection& connection, Timestamp before) {
  Query row(connection.prepared("SELECT min(time) FROM requests WHERE status = 'running'"));
  row.step();
  const auto oldest = row.maybe_time();
  return oldest ? std::min(before, quarter_of(*oldest)) : before;
}

std::int64_t newest_id(Connection& connection) {
  Query row(connection.prepared("SELECT max(id) FROM requests"));
  row.step();
  return row.maybe_integer().value_or(0);
}

/// True if it ran out of time.
bool delete_rows(Connection& connection,
                 Timestamp before,
                 SteadyTime until,
                 std::int64_t& deleted) {
  // The newest row stays: ids go on from it, whatever the clock says.
  const auto behind = std::min(first_id_at(before), newest_id(connection));
  std::int64_t done = 0;
  while (const auto last = end_of_next(connection, done, behind)) {
    deleted += Query(connection.prepared("DELETE FROM requests WHERE id > ? AND id <= ?"))
                   .add(done)
                   .add(*last)
                   .run();
    done = *last;
    if (SystemClock().steady() < until) continue;
    // A quarter of an hour that has lost a row is not trusted any more.
    raise_meta(connection, "rows_kept_from", std::min(before, quarter_after(done)));
    return true;
  }
  raise_meta(connection, "rows_kept_from", before);
  return false;
}

/// Some windows whose cycle had ended by `before`.
std::vector<WindowAmount> ended_windows(Connection& connection, Timestamp before) {
  Query row(connection.prepared("SELECT " + std::string(kWindowColumns) +
                                " FROM windows WHERE cycle_end <= ? LIMIT ?"));
  row.add(before).add(kWindowsAtOnce);
  std::vector<WindowAmount> windows;
  while (row.step()) windows.push_back(read_window(row));
  return windows;
}

}  // namespace

Retired SqliteLedger::retire(Timestamp wanted, std::chrono::milliseconds patience) {
  Retired retired;
  const auto before = readers_.read(
      [&](Connection& connection) { return not_after_open_rows(connection, wanted); });
  // Looked up outside the transaction: there is no index by end, and nobody changes their ends.
  const auto windows =
      readers_.read([&](Connection& connection) { return ended_windows(connection, before); });
  control_.transaction([&](Connection& connection) {
    const auto until = SystemClock().steady() + patience;
    retired.more = delete_rows(connection, before, until, retired.rows);
    if (retired.more) return;
    drop_windows(connection, windows);
    retired.windows = static_cast<std::int64_t>(windows.size());
    retired.more = retired.windows == kWindowsAtOnce;
  });
  return retired;
}

Timestamp SqliteLedger::clock_trusted_at() {
  return readers_.read([](Connection& connection) {
    return Timestamp(std::chrono::milliseconds(read_meta(connection, "clock_trusted_at")));
  });
}

void SqliteLedger::trust_clock(Timestamp now) {
  control_.transaction([&](Connection& connection) {
    Query(connection.prepared("UPDATE meta SET value = ? WHERE name = 'clock_trusted_at'"))
        .add(now)
        .run();
  });
}

}  // namespace nufi::store::sqlite
