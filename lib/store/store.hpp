#pragma once

#include "lib/store/audit.hpp"
#include "lib/store/keys.hpp"
#include "lib/store/ledger_store.hpp"
#include "lib/store/people.hpp"
#include "lib/store/prices.hpp"
#include "lib/store/reports.hpp"
#include "lib/store/settings.hpp"
#include "lib/store/tokens.hpp"
#include "lib/store/upstreams.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nufi::store {

enum class Durability {
  process,  ///< what is committed survives the death of the process
  power,    ///< and of the machine
};

/// What a look at the database for damage has found.
struct Integrity {
  bool is_complete = true;          ///< all of it was read in time
  std::vector<std::string> faults;  ///< the first few
};

/// All of what we remember. The references live as long as the store.
class Store {
 public:
  virtual ~Store() = default;
  virtual AuditLog& audit() = 0;
  virtual Keys& keys() = 0;
  virtual People& people() = 0;
  virtual Prices& prices() = 0;
  virtual Settings& settings() = 0;
  virtual Tokens& tokens() = 0;
  virtual Upstreams& upstreams() = 0;
  virtual LedgerStore& ledger() = 0;
  virtual Reports& reports() = 0;
  /// Writes all of it, as it is at one moment, into a new database at `file` (made, mode 0600; must
  /// not exist). `progress(done, total)` is told pages now and then; if it says false, the copy is
  /// given up. True if the copy is whole. Nobody waits for it. Throws Error{unavailable}.
  using CopyProgress = std::function<bool(std::int64_t done, std::int64_t total)>;
  virtual bool copy_to(const std::filesystem::path& file, const CopyProgress& progress) = 0;
  /// Reads the database page by page, for at most about `patience`, and looks whether it is
  /// damaged. Nobody waits for it. Throws Error{unavailable} if it can't be read.
  virtual Integrity check_integrity(std::chrono::milliseconds patience) = 0;
  /// The number of the newest migration it has.
  [[nodiscard]] virtual int schema_version() const = 0;
};

namespace sqlite {
/// Opens (or makes, mode 0600) the database at `file` and brings it to the newest schema, keeping a
/// copy beside it first. Throws Error{unavailable} with a hint if it can't be opened, is not ours,
/// is corrupt, or was written by a newer nufid.
std::unique_ptr<Store> open(const std::filesystem::path& file, Durability durability);

/// What a backup is found to be.
struct BackupFacts {
  int schema_version = 0;
  std::int64_t requests = 0;
  std::int64_t keys = 0;
};
/// Reads all of the database at `file`, which nobody else has open. Throws Error{invalid} if it is
/// damaged, is not ours, has other tables, views or triggers than ours, or was written by a newer
/// nufid, Error{unavailable} if it can't be read.
BackupFacts inspect(const std::filesystem::path& file);

/// Adds an entry to the audit log of such a database, whatever its schema. Throws
/// Error{unavailable}.
void note_in_backup(const std::filesystem::path& file, const AuditEntry& entry);
}  // namespace sqlite

}  // namespace nufi::store
