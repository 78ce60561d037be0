#include "lib/service/backup.hpp"

#include "lib/service/keys.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>

using namespace nufi;
using namespace nufi::service;
using test::ControlPlane;
using test::failure_of;

namespace {

BackupView ready(const ControlPlane& plane, const std::string& id) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  auto& backups = plane.context().backups;
  auto view = backups.show(plane.owner(), id);
  while (view.state == BackupView::State::copying && std::chrono::steady_clock::now() < end) {
    std::this_thread::yield();
    view = backups.show(plane.owner(), id);
  }
  return view;
}

}  // namespace

TEST_CASE("backup: the copy is whole, private, read in pieces, and gone when it is removed") {
  ControlPlane plane;
  domain::KeyTerms terms;
  terms.name = domain::Change<std::string>::set("laptop");
  const auto key = create_key(plane.context(), plane.owner(), "default", terms).key;
  plane.call(key, domain::Money::nanos(7));
  auto& backups = plane.context().backups;

  const auto backup = ready(plane, backups.start(plane.owner()).id);

  REQUIRE(backup.state == BackupView::State::ready);
  CHECK(backup.pages_done == backup.pages);
  std::string bytes;
  while (true) {
    const auto piece =
        backups.read(plane.owner(), backup.id, static_cast<std::int64_t>(bytes.size()));
    if (piece.empty()) break;
    bytes += piece;
  }
  CHECK(static_cast<std::int64_t>(bytes.size()) == backup.bytes);
  struct stat facts {};
  REQUIRE(::stat((plane.directory.path() / "backups" / (backup.id + ".db")).c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  const auto copy = plane.directory.write("copy.db", bytes);
  const auto found = store::sqlite::inspect(copy);
  CHECK(found.keys == 1);
  CHECK(found.requests == 1);
  CHECK(backups.read_key(plane.owner(), backup.id).expose().size() == 32);

  backups.remove(plane.owner(), backup.id);
  CHECK(failure_of([&] { backups.show(plane.owner(), backup.id); }).find("not_found: ") == 0);
  CHECK(std::filesystem::is_empty(plane.directory.path() / "backups"));
}

TEST_CASE("backup: members make none and see none") {
  const ControlPlane plane;
  auto& backups = plane.context().backups;
  CHECK(failure_of([&] { backups.start(plane.member()); }).find("not_permitted: ") == 0);
  const auto id = backups.start(plane.owner()).id;
  ready(plane, id);
  CHECK(failure_of([&] { backups.read(plane.member(), id, 0); }).find("not_permitted: ") == 0);
  CHECK(failure_of([&] { backups.read_key(plane.member(), id); }).find("not_permitted: ") == 0);
  CHECK(failure_of([&] { backups.remove(plane.member(), id); }).find("not_permitted: ") == 0);
}

TEST_CASE("backup: what is damaged, foreign or no database is said to be so") {
  const ControlPlane plane;
  auto& backups = plane.context().backups;
  const auto backup = ready(plane, backups.start(plane.owner()).id);
  auto bytes = backups.read(plane.owner(), backup.id, 0);
  const auto inspect = [&](const std::string& content) {
    const auto file = plane.directory.write("copy.db", content);
    return failure_of([&] { store::sqlite::inspect(file); });
  };
  CHECK(inspect(bytes).empty());
  CHECK(inspect("garbage").find("damaged or no database") != std::string::npos);
  CHECK(inspect("").find("is an empty database") != std::string::npos);
  auto cut = bytes.substr(0, bytes.size() / 2);
  CHECK(inspect(cut).find("damaged") != std::string::npos);
  auto scribbled = bytes;
  for (std::size_t page = 2; page * 4096 < scribbled.size(); ++page) {
    scribbled.replace(page * 4096, 64, std::string(64, '\x7f'));
  }
  CHECK(inspect(scribbled).find("damaged") != std::string::npos);
}
