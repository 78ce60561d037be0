#include "lib/base/private_files.hpp"

#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

/// A directory of ours with one private file.
struct House {
  nufi::test::TempDir directory;
  fs::path root = directory.path() / "house";

  House() {
    fs::create_directories(root / "journal");
    std::ofstream(root / "journal" / "1.journal") << "x";
    fs::permissions(root, fs::perms::owner_all);
    fs::permissions(root / "journal", fs::perms::owner_all);
    fs::permissions(root / "journal" / "1.journal", fs::perms(0600));
  }
  [[nodiscard]] std::vector<nufi::ExposedFile> look() const {
    return nufi::find_exposed(root, ::getuid());
  }
};

}  // namespace

TEST_CASE("private files: a house that is its owner's alone") {
  CHECK(House().look().empty());
  CHECK(nufi::find_exposed("/nonexistent/house", ::getuid()).empty());
}

TEST_CASE("private files: files and directories that others can read are found, however deep") {
  const House house;
  fs::permissions(house.root / "journal" / "1.journal", fs::perms(0644));
  auto found = house.look();
  REQUIRE(found.size() == 1);
  CHECK(found[0].path == house.root / "journal" / "1.journal");
  CHECK(found[0].problem == "mode 0644, should be 0600");
  fs::permissions(house.root, fs::perms(0755));
  found = house.look();
  REQUIRE(found.size() == 2);
  CHECK(found[0].problem == "mode 0755, should be 0700");
}

TEST_CASE("private files: what belongs to somebody else is found") {
  const House house;
  const auto found = nufi::find_exposed(house.root, ::getuid() + 1);
  REQUIRE(found.size() == 3);
  CHECK(found[0].problem.starts_with("belongs to uid "));
}

TEST_CASE("private files: a link is not followed") {
  const House house;
  fs::create_symlink("/etc", house.root / "etc");
  CHECK(house.look().empty());
}
