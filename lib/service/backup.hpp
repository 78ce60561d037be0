#pragma once

#include "lib/base/secret.hpp"
#include "lib/ledger/ledger.hpp"
#include "lib/store/store.hpp"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace nufi::service {

struct Actor;

/// A backup in the making, or ready to be fetched.
struct BackupView {
  enum class State { copying, ready, failed } state = State::copying;
  std::string id;  ///< "bak_…"
  std::int64_t pages_done = 0;
  std::int64_t pages = 0;  ///< 0 = not known yet
  std::int64_t bytes = 0;  ///< of the finished copy
  std::string problem;     ///< of a failed one
};

/// Copies of the database for `nufi backup`, one at a time: made in the background in a directory
/// of their own while everything goes on, fetched piece by piece, then removed. For admins; every
/// call throws Error{not_permitted} for others, Error{not_found} for an id that is not (any more)
/// there. Thread-safe.
class Backups {
 public:
  /// `dir` is made when needed; what an earlier run left there is removed. `key_file` belongs to
  /// the secrets in the database and is given out only when asked for.
  Backups(store::Store& store,
          ledger::Ledger& ledger,
          std::filesystem::path dir,
          std::filesystem::path key_file);
  Backups(const Backups&) = delete;
  Backups& operator=(const Backups&) = delete;
  /// Gives up what is being made.
  ~Backups();

  /// Begins one, with all that was settled before; a finished one that nobody removed goes. Throws
  /// Error{conflict} while one is being made, Error{unavailable}.
  BackupView start(const Actor& actor);
  BackupView show(const Actor& actor, const std::string& id);
  /// Up to 4 MiB of a ready one from `offset` on; "" at its end.
  std::string read(const Actor& actor, const std::string& id, std::int64_t offset);
  /// The file that opens the secrets in it.
  Secret read_key(const Actor& actor, const std::string& id);
  void remove(const Actor& actor, const std::string& id);

 private:
  void copy(const std::stop_token& stop, const std::string& id);
  [[nodiscard]] std::filesystem::path file_of(const std::string& id) const;
  BackupView& known(const std::string& id);

  store::Store& store_;
  ledger::Ledger& ledger_;
  const std::filesystem::path dir_;
  const std::filesystem::path key_file_;
  std::mutex mutex_;
  std::optional<BackupView> current_;  ///< guarded by mutex_
  std::jthread copier_;                ///< last: stops before what it uses goes
};

}  // namespace nufi::service
