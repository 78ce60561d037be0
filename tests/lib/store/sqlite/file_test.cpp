#include "lib/store/sqlite/file.hpp"

#include "tests/lib/store/sqlite/database.hpp"
#include "tests/store_contract/examples.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <sys/stat.h>

namespace nufi::store::sqlite {
namespace {

unsigned mode_of(const std::filesystem::path& file) {
  struct stat facts {};
  return ::stat(file.c_str(), &facts) == 0 ? facts.st_mode & 07777U : 0;
}

/// Another umask until it goes.
class Umask {
 public:
  explicit Umask(mode_t mask) : before_(::umask(mask)) {}
  ~Umask() { ::umask(before_); }

 private:
  mode_t before_;
};

std::filesystem::path beside(const Database& database, const char* suffix) {
  return database.file().string() + suffix;
}

}  // namespace

TEST_CASE("file: the database and what lies beside it are for their owner only, whatever umask") {
  for (mode_t mask : {0000U, 0022U, 0277U}) {
    Umask umask(mask);
    Database database;
    std::filesystem::permissions(database.folder(), std::filesystem::perms::owner_all);

    examples::add_people(database.store());

    CHECK(mode_of(database.file()) == 0600);
    CHECK(mode_of(beside(database, "-wal")) == 0600);
    CHECK(mode_of(beside(database, "-shm")) == 0600);
  }
}

TEST_CASE("file: rights that others were given are taken away again") {
  Database database;
  database.store();
  database.close();
  std::filesystem::permissions(database.file(), std::filesystem::perms::all);

  database.store();

  CHECK(mode_of(database.file()) == 0700);
}

TEST_CASE("file: a folder that is not there is refused with a hint") {
  Database database;
  const auto file = database.folder() / "absent" / "nufi.db";

  CHECK(examples::error_of([&] { open(file, Durability::process); }) ==
        "unavailable: can't make the database " + file.string() + ": No such file or directory");
}

TEST_CASE("file: a backup with tables, views or triggers of others is refused") {
  Database database;
  database.store();
  database.close();
  const auto refused = [&](const std::string& sql) {
    database.plant(sql);
    return examples::error_of([&] { inspect(database.file()); });
  };
  CHECK(refused("ANALYZE").empty());
  CHECK(refused("CREATE TRIGGER spy AFTER INSERT ON audit BEGIN DELETE FROM requests; END")
            .find("has a foreign or changed trigger spy") != std::string::npos);
  CHECK(refused("DROP TRIGGER spy; CREATE VIEW v AS SELECT 1")
            .find("has a foreign or changed view v") != std::string::npos);
  CHECK(
      refused("DROP VIEW v; DROP INDEX requests_by_key").find("lacks the index requests_by_key") !=
      std::string::npos);
}

}  // namespace nufi::store::sqlite
