// The backup is first copied into the data directory and checked there; that changes nothing. Then
// it is renamed to nufi.db.restoring: from here on the restore happens, now or at the next start.
// What is left of the old database is moved aside, and the new one takes its name last, so nufid
// never finds the old log beside the new database, or an empty place.

#include "daemon/restore.hpp"

#include "daemon/instance_lock.hpp"
#include "daemon/paths.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/store/store.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace nufi::daemon {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kRestoring = "nufi.db.restoring";

[[noreturn]] void fail(const fs::path& path, const std::error_code& why) {
  throw Error(Errc::unavailable,
              fmt::format("{}: {}", path.string(), why.message()),
              "check the rights and the free space of the data directory");
}

void rename_or_fail(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::rename(from, to, failure);
  if (failure) fail(from, failure);
}

/// What was written or renamed survives the machine.
void sync_path(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const bool is_synced = file >= 0 && ::fsync(file) == 0;
  const std::error_code why(errno, std::generic_category());
  if (file >= 0) ::close(file);
  if (!is_synced) fail(path, why);
}

void copy_private(const fs::path& from, const fs::path& to) {
  std::error_code failure;
  fs::copy_file(from, to, fs::copy_options::overwrite_existing, failure);
  if (failure) {
    std::error_code ignored;
    fs::remove(to, ignored);
    fail(from, failure);
  }
  if (::chmod(to.c_str(), S_IRUSR | S_IWUSR) != 0) {
    fail(to, std::error_code(errno, std::generic_category()));
  }
  sync_path(to);
}

/// When the restore began, for the names of what it keeps: the same when it is finished later.
std::string stamp_of(const fs::path& restoring) {
  struct stat facts {};
  if (::stat(restoring.c_str(), &facts) != 0) {
    fail(restoring, std::error_code(errno, std::generic_category()));
  }
  std::tm time{};
  ::gmtime_r(&facts.st_mtime, &time);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &time);
  return {text.data(), size};
}

/// Moves the old database and its journal aside. Returns the name it is kept under; "" if there was
/// none.
std::string replace(const fs::path& data_dir, const fs::path& restoring) {
  const std::string suffix = ".before-restore-" + stamp_of(restoring);
  const std::string kept = "nufi.db" + suffix;
  for (const std::string_view part : {"-wal", "-shm", ""}) {
    const fs::path old = data_dir / fmt::format("nufi.db{}", part);
    if (fs::exists(old)) rename_or_fail(old, data_dir / fmt::format("{}{}", kept, part));
  }
  const fs::path journal = data_dir / "journal";
  if (fs::exists(journal)) rename_or_fail(journal, data_dir / ("journal" + suffix));
  rename_or_fail(restoring, data_dir / "nufi.db");
  sync_path(data_dir);
  return fs::exists(data_dir / kept) ? kept : "";
}

/// Puts the key file of the backup in place, if there is one; the old one is kept beside it.
std::string restore_key(const fs::path& data_dir, const fs::path& file, const std::string& stamp) {
  const fs::path key = file.string() + ".key";
  if (!fs::exists(key)) return "the key file stays as it was";
  const fs::path place = data_dir / "secret.key";
  const fs::path fresh = data_dir / "secret.key.restoring";
  copy_private(key, fresh);
  if (fs::exists(place)) copy_private(place, data_dir / ("secret.key.before-restore-" + stamp));
  rename_or_fail(fresh, place);
  sync_path(data_dir);
  return "its key file was put in place as well";
}

store::sqlite::BackupFacts inspect(const fs::path& file, const fs::path& draft) {
  copy_private(file, draft);
  try {
    return store::sqlite::inspect(draft);
  } catch (const Error& error) {
    fs::remove(draft);
    throw Error(error.code(),
                fmt::format("{} can't be restored: {}", file.string(), error.what()),
                error.hint());
  }
}

}  // namespace

std::string restore(const fs::path& data_dir, const fs::path& file) {
  prepare_directory(data_dir, "data directory");
  make_private(data_dir);
  const InstanceLock lock(data_dir);
  finish_restore(data_dir);
  if (!fs::is_regular_file(file)) {
    throw Error(Errc::not_found, file.string() + " is not there or not a file");
  }
  const fs::path draft = data_dir / "nufi.db.restoring.part";
  const auto facts = inspect(file, draft);
  const std::string about_key = restore_key(data_dir, file, stamp_of(draft));
  const fs::path restoring = data_dir / kRestoring;
  rename_or_fail(draft, restoring);
  sync_path(data_dir);
  const std::string kept = replace(data_dir, restoring);
  return fmt::format("nufid: restored {} ({} keys, {} calls); {}; {}",
                     file.string(),
                     facts.keys,
                     facts.requests,
                     kept.empty() ? "there was no database before"
                                  : fmt::format("the old database is kept as {}", kept),
                     about_key);
}

void finish_restore(const fs::path& data_dir) {
  const fs::path restoring = data_dir / kRestoring;
  if (!fs::exists(restoring)) return;
  replace(data_dir, restoring);
  log::info("an interrupted restore was finished");
}

}  // namespace nufi::daemon
