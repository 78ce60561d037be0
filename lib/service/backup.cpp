#include "lib/service/backup.hpp"

#include "lib/base/error.hpp"
#include "lib/base/id.hpp"
#include "lib/base/log.hpp"
#include "lib/service/actor.hpp"

#include <array>
#include <cerrno>
#include <fstream>
#include <sys/stat.h>
#include <system_error>
#include <utility>

namespace nufi::service {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kPieceBytes = std::size_t{4} << 20;
constexpr std::size_t kMostKeyBytes = 4096;

std::string read_piece(const fs::path& file, std::int64_t offset, std::size_t most) {
  std::ifstream in(file, std::ios::binary);
  std::string piece(most, '\0');
  if (!in.seekg(offset) ||
      (!in.read(piece.data(), static_cast<std::streamsize>(most)) && !in.eof())) {
    throw Error(Errc::unavailable, file.string() + " can't be read");
  }
  piece.resize(static_cast<std::size_t>(in.gcount()));
  return piece;
}

void admit_to_backups(const Actor& actor) {
  require_admin(actor, "make backups");
  // A backup is every upstream's secret, and its key opens them.
  require_socket(actor, "make backups");
}

}  // namespace

Backups::Backups(store::Store& store, ledger::Ledger& ledger, fs::path dir, fs::path key_file)
    : store_(store), ledger_(ledger), dir_(std::move(dir)), key_file_(std::move(key_file)) {
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

Backups::~Backups() {
  copier_ = {};
  std::error_code ignored;
  fs::remove_all(dir_, ignored);
}

fs::path Backups::file_of(const std::string& id) const {
  return dir_ / (id + ".db");
}

BackupView& Backups::known(const std::string& id) {
  if (current_ && current_->id == id) return *current_;
  throw Error(
      Errc::not_found, "there is no backup " + id + " (any more)", "begin anew: nufi backup");
}

BackupView Backups::start(const Actor& actor) {
  admit_to_backups(actor);
  const std::lock_guard lock(mutex_);
  if (current_ && current_->state == BackupView::State::copying) {
    throw Error(Errc::conflict, "another backup is being made", "try again when it is done");
  }
  if (current_) {
    std::error_code ignored;
    fs::remove(file_of(current_->id), ignored);
  }
  std::error_code failure;
  fs::create_directories(dir_, failure);
  if (failure || ::chmod(dir_.c_str(), 0700) != 0) {
    throw Error(Errc::unavailable,
                dir_.string() + " can't be made: " + (failure ? failure.message() : "no rights"),
                "is the data directory writable?");
  }
  current_.emplace();
  current_->id = "bak_" + random_base62(16);
  copier_ =
      std::jthread([this, id = current_->id](const std::stop_token& stop) { copy(stop, id); });
  log::info("backup begun", {{"uid", static_cast<long long>(actor.uid)}});
  return *current_;
}

void Backups::copy(const std::stop_token& stop, const std::string& id) {
  const auto finish = [&](BackupView::State state, std::int64_t bytes, std::string problem) {
    const std::lock_guard lock(mutex_);
    current_->state = state;
    current_->bytes = bytes;
    current_->problem = std::move(problem);
  };
  try {
    ledger_.sync();  // what is settled may still be in the journal alone
    const bool is_whole = store_.copy_to(file_of(id), [&](std::int64_t done, std::int64_t total) {
      const std::lock_guard lock(mutex_);
      current_->pages_done = done;
      current_->pages = total;
      return !stop.stop_requested();
    });
    if (!is_whole) return finish(BackupView::State::failed, 0, "nufid is stopping");
    finish(BackupView::State::ready, static_cast<std::int64_t>(fs::file_size(file_of(id))), "");
  } catch (const std::exception& failure) {
    log::error("backup failed", {{"problem", failure.what()}});
    std::error_code ignored;
    fs::remove(file_of(id), ignored);
    finish(BackupView::State::failed, 0, failure.what());
  }
}

BackupView Backups::show(const Actor& actor, const std::string& id) {
  admit_to_backups(actor);
  const std::lock_guard lock(mutex_);
  return known(id);
}

std::string Backups::read(const Actor& actor, const std::string& id, std::int64_t offset) {
  admit_to_backups(actor);
  const std::lock_guard lock(mutex_);
  const auto& backup = known(id);
  if (backup.state != BackupView::State::ready) {
    throw Error(Errc::conflict, "backup " + id + " is not ready");
  }
  if (offset < 0) throw Error(Errc::invalid, "offset must not be negative");
  if (offset >= backup.bytes) return {};
  return read_piece(file_of(id), offset, kPieceBytes);
}

Secret Backups::read_key(const Actor& actor, const std::string& id) {
  admit_to_backups(actor);
  const std::lock_guard lock(mutex_);
  known(id);
  log::info("key file given out with a backup", {{"uid", static_cast<long long>(actor.uid)}});
  return Secret(read_piece(key_file_, 0, kMostKeyBytes));
}

void Backups::remove(const Actor& actor, const std::string& id) {
  admit_to_backups(actor);
  std::jthread ended;
  {
    const std::lock_guard lock(mutex_);
    if (known(id).state == BackupView::State::copying) {
      throw Error(Errc::conflict, "backup " + id + " is still being made");
    }
    ended = std::move(copier_);
    std::error_code ignored;
    fs::remove(file_of(id), ignored);
    current_.reset();
  }
}

}  // namespace nufi::service
