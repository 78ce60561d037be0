#include "lib/base/regular_file.hpp"

#include "lib/base/error.hpp"
#include "tests/support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace fs = std::filesystem;

using nufi::Error;
using nufi::open_regular;
using nufi::Pipes;
using nufi::read_file;

TEST_CASE("regular file: it is read up to the most bytes it may have, also through a link") {
  const nufi::test::TempDir directory;
  const fs::path path = directory.path() / "file";
  CHECK_FALSE(read_file(path, 10));
  CHECK_FALSE(read_file(path / "below", 10));
  std::ofstream(path) << "0123456789";
  fs::create_symlink(path, directory.path() / "link");
  CHECK(read_file(path, 10) == "0123456789");
  CHECK(nufi::can_read_file(path));
  CHECK_FALSE(nufi::can_read_file(path / "below"));
  CHECK(read_file(directory.path() / "link", 10) == "0123456789");
  CHECK_THROWS_AS(read_file(path, 9), Error);
}

TEST_CASE("regular file: nobody waits for a pipe, and no device is opened") {
  const nufi::test::TempDir directory;
  const fs::path pipe = directory.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  fs::create_symlink("/dev/zero", directory.path() / "zero");
  for (const fs::path& path : {pipe, directory.path() / "zero", directory.path()}) {
    CAPTURE(path);
    CHECK_THROWS_AS(read_file(path, 10), Error);
    CHECK_FALSE(nufi::can_read_file(path));
    for (const int flags : {O_RDONLY, O_WRONLY | O_APPEND | O_CREAT, O_RDONLY | O_NOFOLLOW}) {
      CHECK_THROWS_AS(open_regular(path, flags), Error);
    }
  }
  CHECK_THROWS_WITH_AS(
      read_file(pipe, 10), (pipe.string() + " is a pipe, not a file").c_str(), Error);
}

TEST_CASE("regular file: one that is made is its owner's alone") {
  const nufi::test::TempDir directory;
  const fs::path path = directory.path() / "log";
  const int file = open_regular(path, O_WRONLY | O_CREAT | O_APPEND);
  REQUIRE(file >= 0);
  ::close(file);
  CHECK((fs::status(path).permissions() & fs::perms(0777)) == fs::perms(0600));
  CHECK(open_regular(directory.path() / "none", O_RDONLY) < 0);
}

TEST_CASE("regular file: where pipes are taken, one is read to its end, and only so far") {
  const nufi::test::TempDir directory;
  const fs::path pipe = directory.path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  CHECK_MESSAGE(read_file(pipe, 10, Pipes::read) == "", "nobody writes to it");
  const auto through_pipe = [](std::size_t most) {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    std::thread writer([out = ends[1]] {
      for (int i = 0; i < 3; ++i) CHECK(::write(out, "abc", 3) == 3);
      ::close(out);
    });
    const fs::path name = "/dev/fd/" + std::to_string(ends[0]);
    std::optional<std::string> text;
    std::string problem;
    try {
      text = read_file(name, most, Pipes::read);
    } catch (const Error& error) {
      problem = error.what();
    }
    writer.join();
    ::close(ends[0]);
    CHECK(problem.empty() == text.has_value());
    return text;
  };
  CHECK(through_pipe(10) == "abcabcabc");
  CHECK_FALSE(through_pipe(5));
}
