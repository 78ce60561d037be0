#include "daemon/restore.hpp"

#include "daemon/instance_lock.hpp"
#include "lib/store/store.hpp"
#include "tests/support/control_plane.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

using namespace nufi;
using namespace nufi::daemon;
using test::failure_of;

namespace fs = std::filesystem;

namespace {

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A data directory whose time zone says which database it has.
void fill(const fs::path& data_dir, const std::string& zone) {
  fs::create_directories(data_dir / "journal");
  fs::permissions(data_dir, fs::perms::owner_all);
  const auto store = store::sqlite::open(data_dir / "nufi.db", store::Durability::process);
  store->settings().set("timezone", zone, {});
}

std::string zone_in(const fs::path& database) {
  const auto store = store::sqlite::open(database, store::Durability::process);
  return store->settings().all().at("timezone");
}

std::string backup_of(const test::TempDir& dir, const std::string& zone) {
  fill(dir.path() / "other", zone);
  const auto store =
      store::sqlite::open(dir.path() / "other" / "nufi.db", store::Durability::process);
  const auto file = dir.path() / "backup.db";
  store->copy_to(file, [](std::int64_t, std::int64_t) { return true; });
  return file;
}

/// The name that begins so; "" if there is none.
std::string named(const fs::path& dir, const std::string& beginning) {
  for (const auto& entry : fs::directory_iterator(dir)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(beginning)) return name;
  }
  return "";
}

}  // namespace

TEST_CASE("restore: the backup takes the place of database and journal, which are kept") {
  const test::TempDir dir;
  const auto data = dir.path() / "data";
  fill(data, "Asia/Tokyo");
  { std::ofstream(data / "journal" / "1.journal") << "old"; }
  const auto backup = backup_of(dir, "Europe/Berlin");

  const auto line = restore(data, backup);

  CHECK(line.find("nufid: restored " + backup +
                  " (0 keys, 0 calls); the old database is kept as") == 0);
  CHECK(line.find("the key file stays as it was") != std::string::npos);
  CHECK(zone_in(data / "nufi.db") == "Europe/Berlin");
  CHECK_FALSE(fs::exists(data / "journal"));
  CHECK(zone_in(data / named(data, "nufi.db.before-restore-")) == "Asia/Tokyo");
  {
    const auto store = store::sqlite::open(data / "nufi.db", store::Durability::process);
    const auto entry = store->audit().newest(1).at(0);
    CHECK(entry.actor == "system");
    CHECK(entry.action == "database.restore");
    CHECK(entry.subject == "backup.db");
  }
  CHECK(content(data / named(data, "journal.before-restore-") / "1.journal") == "old");
  CHECK(named(data, "nufi.db.restoring").empty());
  CHECK((fs::status(data / "nufi.db").permissions() & fs::perms::all) ==
        (fs::perms::owner_read | fs::perms::owner_write));
}

TEST_CASE("restore: a key file beside the backup comes with it, and the old one is kept") {
  const test::TempDir dir;
  const auto data = dir.path() / "data";
  fill(data, "UTC");
  { std::ofstream(data / "secret.key") << "old key"; }
  const auto backup = backup_of(dir, "UTC");
  { std::ofstream(backup + ".key") << "new key"; }

  CHECK(restore(data, backup).find("its key file was put in place as well") != std::string::npos);

  CHECK(content(data / "secret.key") == "new key");
  CHECK(content(data / named(data, "secret.key.before-restore-")) == "old key");
}

TEST_CASE("restore: what can't be restored changes nothing") {
  const test::TempDir dir;
  const auto data = dir.path() / "data";
  fill(data, "Asia/Tokyo");
  const auto failure = [&](const fs::path& file) {
    return failure_of([&] { restore(data, file); });
  };
  CHECK(failure(dir.path() / "nothing").find("not_found: ") == 0);
  CHECK(failure(dir.write("garbage", "garbage")).find("can't be restored: ") != std::string::npos);
  {
    const InstanceLock other(data);
    CHECK(failure(backup_of(dir, "Europe/Berlin")).find("another nufid") != std::string::npos);
  }
  CHECK(zone_in(data / "nufi.db") == "Asia/Tokyo");
  CHECK(named(data, "nufi.db.restoring").empty());
  CHECK(named(data, "nufi.db.before-restore-").empty());
}

TEST_CASE("restore: one that was interrupted is finished at the next start, wherever it stood") {
  const test::TempDir dir;
  const auto data = dir.path() / "data";
  fill(data, "Asia/Tokyo");
  const auto backup = backup_of(dir, "Europe/Berlin");
  { std::ofstream(data / "secret.key") << "old key"; }
  const std::string stamp = "20260820T120000.000Z";
  bool is_old_there = true;
  const auto bring_key = [&] {
    std::ofstream(data / ("secret.key.restoring-" + stamp)) << "new key";
  };
  SUBCASE("only the draft was there") {
    fs::copy_file(backup, data / "nufi.db.restoring.part");
    finish_restore(data);
    CHECK(zone_in(data / "nufi.db") == "Asia/Tokyo");
    return;
  }
  SUBCASE("nothing was moved yet") {
    bring_key();
  }
  SUBCASE("the old database was moved") {
    fs::rename(data / "nufi.db", data / "elsewhere");
    is_old_there = false;
    bring_key();
  }
  SUBCASE("the old key was moved") {
    fs::rename(data / "secret.key", data / ("secret.key.before-restore-" + stamp));
    bring_key();
  }
  SUBCASE("the key was replaced") {
    fs::rename(data / "secret.key", data / ("secret.key.before-restore-" + stamp));
    std::ofstream(data / "secret.key") << "new key";
  }
  fs::copy_file(backup, data / ("nufi.db.restoring-" + stamp));

  finish_restore(data);
  finish_restore(data);

  CHECK(zone_in(data / "nufi.db") == "Europe/Berlin");
  CHECK(named(data, "nufi.db.before-restore-").empty() != is_old_there);
  CHECK(content(data / "secret.key") == "new key");
  CHECK(content(data / ("secret.key.before-restore-" + stamp)) == "old key");
}

TEST_CASE("restore: many in one moment keep each database and key that was there") {
  const test::TempDir dir;
  const auto data = dir.path() / "data";
  fill(data, "Asia/Tokyo");
  const auto backup = backup_of(dir, "Europe/Berlin");
  constexpr int kTimes = 20;
  for (int i = 0; i < kTimes; ++i) {
    std::ofstream(data / "secret.key") << i;
    std::ofstream(backup + ".key") << "new key";
    fs::create_directories(data / "journal");
    std::ofstream(data / "journal" / "1.journal") << i;
    restore(data, backup);
  }
  std::map<std::string, int> kept;
  for (const auto& entry : fs::directory_iterator(data)) {
    const auto name = entry.path().filename().string();
    if (const auto at = name.find(".before-restore-"); at != std::string::npos) {
      ++kept[name.substr(0, at)];
    }
  }
  CHECK(kept == std::map<std::string, int>{
                    {"journal", kTimes}, {"nufi.db", kTimes}, {"secret.key", kTimes}});
  CHECK(zone_in(data / "nufi.db") == "Europe/Berlin");
}
