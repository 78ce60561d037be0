// The backup is first copied into the data directory and checked there; that changes nothing. Then
// it is renamed to nufi.db.restoring-<stamp>: from here on the restore happens, now or at the next
// start. What is left of the old database is moved aside, and the new one takes its name last, so
// nufid never finds the old log beside the new database, or an empty place.

#include "daemon/restore.hpp"

#include "daemon/instance_lock.hpp"
#include "daemon/paths.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/log.hpp"
#include "lib/store/store.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace nufi::daemon {

namespace fs = std::filesystem;

namespace {

/// Followed by the stamp that names what the restore keeps and brings.
constexpr std::string_view kRestoring = "nufi.db.restoring-";

[[noreturn]] void fail(const fs::path& path, const std::error_code& why) {
  throw Error(Errc::unavailable,
              fmt::format("{}: {}", path.string(), why.message()),
              "check the rights and the free space of the data directory");
}

/// Never replaces anything. With the instance lock held nobody else makes files here.
void rename_or_fail(const fs::path& from, const fs::path& to) {
  if (fs::exists(to)) fail(to, std::make_error_code(std::errc::file_exists));
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

fs::path kept_name(const fs::path& data_dir, std::string_view name, const std::string& stamp) {
  return data_dir / fmt::format("{}.before-restore-{}", name, stamp);
}

fs::path fresh_key(const fs::path& data_dir, const std::string& stamp) {
  return data_dir / ("secret.key.restoring-" + stamp);
}

/// When the restore began, for the names of what it keeps: under none of them there is anything.
std::string free_stamp(const fs::path& data_dir) {
  const auto now = SystemClock().now();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count();
  const auto millis = now.time_since_epoch().count() % 1000;
  const auto whole = static_cast<std::time_t>(seconds);
  std::tm time{};
  ::gmtime_r(&whole, &time);
  std::array<char, 32> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%S", &time);
  const auto base = fmt::format("{}.{:03}Z", std::string_view(text.data(), size), millis);
  for (int count = 1;; ++count) {
    const auto stamp = count == 1 ? base : fmt::format("{}-{}", base, count);
    bool is_free = !fs::exists(fresh_key(data_dir, stamp));
    for (const std::string_view name : {"nufi.db", "journal", "secret.key"}) {
      is_free = is_free && !fs::exists(kept_name(data_dir, name, stamp));
    }
    if (is_free) return stamp;
  }
}

/// Moves what was there aside and what was brought in place; goes on where it was interrupted.
/// Returns the name the old database is kept under; "" if there was none.
std::string replace(const fs::path& data_dir, const fs::path& restoring) {
  const std::string stamp = restoring.filename().string().substr(kRestoring.size());
  const fs::path kept = kept_name(data_dir, "nufi.db", stamp);
  for (const std::string_view part : {"-wal", "-shm", ""}) {
    const fs::path old = data_dir / fmt::format("nufi.db{}", part);
    if (fs::exists(old)) rename_or_fail(old, fmt::format("{}{}", kept.string(), part));
  }
  const fs::path journal = data_dir / "journal";
  if (fs::exists(journal)) rename_or_fail(journal, kept_name(data_dir, "journal", stamp));
  if (const auto fresh = fresh_key(data_dir, stamp); fs::exists(fresh)) {
    const fs::path key = data_dir / "secret.key";
    if (fs::exists(key)) rename_or_fail(key, kept_name(data_dir, "secret.key", stamp));
    rename_or_fail(fresh, key);
  }
  sync_path(data_dir);
  rename_or_fail(restoring, data_dir / "nufi.db");
  sync_path(data_dir);
  return fs::exists(kept) ? kept.filename().string() : "";
}

/// Removes the keys that restores brought which never began.
void remove_unused_keys(const fs::path& data_dir) {
  std::vector<fs::path> unused;
  for (const auto& entry : fs::directory_iterator(data_dir)) {
    if (entry.path().filename().string().starts_with("secret.key.restoring-")) {
      unused.push_back(entry.path());
    }
  }
  for (const auto& key : unused) fs::remove(key);
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

/// The audit log that is brought back says that it was.
void note_restore(const fs::path& draft, const fs::path& file) {
  store::AuditEntry entry;
  entry.time = SystemClock().now();
  entry.actor = "system";
  entry.uid = static_cast<std::int64_t>(::geteuid());
  entry.action = "database.restore";
  entry.subject = file.filename().string();
  store::sqlite::note_in_backup(draft, entry);
  sync_path(draft);
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
  note_restore(draft, file);
  remove_unused_keys(data_dir);
  const std::string stamp = free_stamp(data_dir);
  const fs::path key = file.string() + ".key";
  const bool has_key = fs::exists(key);
  if (has_key) copy_private(key, fresh_key(data_dir, stamp));
  const fs::path restoring = data_dir / fmt::format("{}{}", kRestoring, stamp);
  sync_path(data_dir);
  rename_or_fail(draft, restoring);
  sync_path(data_dir);
  const std::string kept = replace(data_dir, restoring);
  return fmt::format(
      "nufid: restored {} ({} keys, {} calls); {}; {}",
      file.string(),
      facts.keys,
      facts.requests,
      kept.empty() ? "there was no database before"
                   : fmt::format("the old database is kept as {}", kept),
      has_key ? "its key file was put in place as well" : "the key file stays as it was");
}

void finish_restore(const fs::path& data_dir) {
  fs::path restoring;
  for (const auto& entry : fs::directory_iterator(data_dir)) {
    if (entry.path().filename().string().starts_with(kRestoring)) restoring = entry.path();
  }
  if (restoring.empty()) return;
  replace(data_dir, restoring);
  log::info("an interrupted restore was finished");
}

}  // namespace nufi::daemon
