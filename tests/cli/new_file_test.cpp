#include "cli/new_file.hpp"

#include "lib/base/error.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/stat.h>

namespace fs = std::filesystem;

namespace {

using nufi::Error;
using nufi::cli::check_new_file;
using nufi::cli::NewFile;

/// The directory of a nufid, and a place beside it.
struct Places {
  nufi::test::TempDir directory;
  fs::path data = directory.path() / "data";
  fs::path out = directory.path() / "out";

  Places() {
    fs::create_directories(data / "journal");
    fs::create_directories(out);
    std::ofstream(data / "nufi.db") << "live";
  }
  void check(const fs::path& path) const { check_new_file(path, data.string()); }
};

std::string text_of(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("new file: nothing appears in nufid's directory, whatever its name there is") {
  const Places places;
  fs::create_directory_symlink(places.data, places.out / "link");
  for (const char* name : {"nufi.db", "nufi.db-wal", "new", "journal/1.journal"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(places.check(places.data / name), Error);
    CHECK_THROWS_AS(places.check(places.out / "link" / name), Error);
    CHECK_THROWS_AS(places.check(places.out / ".." / "data" / name), Error);
  }
  CHECK_THROWS_AS(NewFile(places.data / "nufi.db", places.data.string()), Error);
  CHECK(text_of(places.data / "nufi.db") == "live");
}

TEST_CASE("new file: a file of nufid's is one under every name it has") {
  const Places places;
  fs::create_hard_link(places.data / "nufi.db", places.out / "copy.db");
  CHECK_THROWS_AS(places.check(places.out / "copy.db"), Error);
}

TEST_CASE("new file: an open database is not replaced, whose ever it is") {
  const Places places;
  std::ofstream(places.out / "other.db") << "x";
  CHECK_NOTHROW(places.check(places.out / "other.db"));
  std::ofstream(places.out / "other.db-wal") << "x";
  CHECK_THROWS_AS(places.check(places.out / "other.db"), Error);
}

TEST_CASE("new file: pipes, devices, links and directories stay what they are") {
  const Places places;
  ::mkfifo((places.out / "pipe").c_str(), 0600);
  std::ofstream(places.out / "file") << "x";
  fs::create_symlink(places.out / "file", places.out / "link");
  fs::create_symlink(places.out / "nowhere", places.out / "dangling");
  for (const char* name : {"pipe", "link", "dangling", ""}) {
    CAPTURE(name);
    CHECK_THROWS_AS(NewFile(places.out / name, ""), Error);
  }
  CHECK_THROWS_WITH_AS(places.check("/dev/null"), "/dev/null is a device, not a file", Error);
  CHECK(fs::is_fifo(places.out / "pipe"));
  CHECK(fs::is_symlink(places.out / "link"));
}

TEST_CASE("new file: one that can't be made is named as it was asked for") {
  CHECK_THROWS_WITH_AS(
      NewFile("/dev/null/x.db", ""), "/dev/null/x.db can't be written: Not a directory", Error);
}

TEST_CASE("new file: it appears when it is whole, and a file beside it is left alone") {
  const Places places;
  const fs::path path = places.out / "b.db";
  std::ofstream(places.out / "b.db.part") << "mine";
  {
    NewFile file(path, places.data.string());
    file.write("half");
    CHECK_FALSE(fs::exists(path));
  }
  CHECK_FALSE(fs::exists(path));
  NewFile file(path, places.data.string());
  file.write("whole");
  file.finish();
  CHECK(text_of(path) == "whole");
  CHECK((fs::status(path).permissions() & fs::perms(0777)) == fs::perms(0600));
  CHECK(text_of(places.out / "b.db.part") == "mine");
  CHECK(std::distance(fs::directory_iterator(places.out), fs::directory_iterator()) == 2);
}
