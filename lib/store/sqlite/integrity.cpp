#include "lib/store/sqlite/integrity.hpp"

#include "lib/base/clock.hpp"
#include "lib/store/sqlite/connection.hpp"

#include <sqlite3.h>

#include <string>

namespace nufi::store::sqlite {
namespace {

/// Steps of SQLite's between two looks at the clock.
constexpr int kStepsAtOnce = 10'000;
/// Enough to see that it is damaged.
constexpr const char* kQuickCheck = "PRAGMA quick_check(5)";

struct Deadline {
  SystemClock clock;
  SteadyTime at;
};

/// Other than 0: SQLite gives the statement up.
int is_over(void* deadline) {
  const auto& limit = *static_cast<const Deadline*>(deadline);
  return limit.clock.steady() >= limit.at ? 1 : 0;
}

}  // namespace

Integrity find_damage(const std::filesystem::path& file, std::chrono::milliseconds patience) {
  Integrity found;
  Deadline deadline;
  deadline.at = deadline.clock.steady() + patience;
  try {
    const LongRead reading;
    // One of its own: what others have read is not in its cache, and it keeps no reader busy.
    Connection connection(file, Role::reader, Durability::process);
    SQLite::Statement check(connection.database(), kQuickCheck);
    sqlite3_progress_handler(connection.database().getHandle(), kStepsAtOnce, is_over, &deadline);
    while (check.executeStep()) {
      const std::string line = check.getColumn(0).getString();
      if (line != "ok") found.faults.push_back(line);
    }
  } catch (const SQLite::Exception& failure) {
    const int code = failure.getErrorCode() & 0xff;
    if (code == SQLITE_INTERRUPT) {
      found.is_complete = false;
    } else if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) {
      found.faults.emplace_back(failure.what());
    } else {
      throw to_error(failure, file);
    }
  }
  return found;
}

}  // namespace nufi::store::sqlite
