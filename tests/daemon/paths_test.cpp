#include "daemon/paths.hpp"

#include "daemon/instance_lock.hpp"
#include "daemon/listen.hpp"
#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

using namespace nufi;
using namespace nufi::daemon;
using test::failure_of;
using test::TempDir;

namespace {

unsigned mode_of(const std::filesystem::path& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

}  // namespace

TEST_CASE("paths: XDG's variables win over the home directory") {
  const auto plain = default_paths({{"HOME", "/home/ada"}});
  CHECK(plain.config_file == "/home/ada/.config/nufi/nufid.toml");
  const auto told = default_paths({{"HOME", "/home/ada"},
                                   {"XDG_DATA_HOME", "/data"},
                                   {"XDG_CONFIG_HOME", "relative/counts/not"},
                                   {"XDG_STATE_HOME", "/state"},
                                   {"XDG_RUNTIME_DIR", "/run/user/1"}});
  CHECK(told.data_dir == "/data/nufi");
  CHECK(told.config_file == "/home/ada/.config/nufi/nufid.toml");
  CHECK(told.socket == "/run/user/1/nufi/nufid.sock");
}

TEST_CASE("paths: without a home it is the system's daemon") {
  const auto paths = default_paths({});
  CHECK(paths.data_dir == "/var/lib/nufi");
  CHECK(paths.config_file == "/etc/nufi/nufid.toml");
  CHECK(paths.socket == "/run/nufi/nufid.sock");
}

TEST_CASE("paths: a directory that others can write to is refused with a remedy") {
  const TempDir directory;
  const auto shared = directory.path() / "shared";
  std::filesystem::create_directory(shared);
  ::chmod(shared.c_str(), 0777);
  CHECK(failure_of([&] {
          prepare_directory(shared, "data directory");
        }).find("written by others") != std::string::npos);
  CHECK(failure_of([&] {
          prepare_directory("/proc/1/nufi", "data directory");
        }).starts_with("unavailable"));
  const auto file = directory.write("file", "");
  CHECK(failure_of([&] { prepare_directory(file, "data directory"); }).starts_with("unavailable"));
}

TEST_CASE("paths: a directory is made, and made private") {
  const TempDir directory;
  const auto path = directory.path() / "a/b";
  prepare_directory(path, "data directory");
  ::chmod(path.c_str(), 0755);
  make_private(path);
  CHECK(mode_of(path) == 0700);
}

TEST_CASE("instance lock: the second is told who holds it, and the next may have it") {
  const TempDir directory;
  {
    const InstanceLock lock(directory.path());
    const std::string failure = failure_of([&] { const InstanceLock second(directory.path()); });
    CHECK(failure.starts_with("conflict: another nufid (pid " + std::to_string(::getpid())));
  }
  CHECK(failure_of([&] { const InstanceLock next(directory.path()); }).empty());
}

TEST_CASE("listen: a Unix socket is private, and gone with its listener") {
  const TempDir directory;
  const auto path = directory.path() / "s.sock";
  {
    const Listener listener = Listener::unix_socket(path);
    CHECK(mode_of(path) == 0600);
    CHECK(listener.port() == 0);
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("listen: a live socket is refused, a dead one replaced, a file kept") {
  const TempDir directory;
  const auto path = directory.path() / "s.sock";
  {
    const Listener listener = Listener::unix_socket(path);
    CHECK(failure_of([&] { (void)Listener::unix_socket(path); }).starts_with("conflict"));
    std::filesystem::rename(path, directory.path() / "kept.sock");
  }
  // What is left behind is the file of a socket that nobody listens on any more.
  std::filesystem::rename(directory.path() / "kept.sock", path);
  { const Listener again = Listener::unix_socket(path); }
  const auto file = directory.write("file", "precious");
  CHECK(failure_of([&] { (void)Listener::unix_socket(file); }).starts_with("conflict"));
  CHECK(std::filesystem::file_size(file) == 8);
}

TEST_CASE("listen: too long a path and a taken port are said") {
  const TempDir directory;
  CHECK(failure_of([&] {
          (void)Listener::unix_socket(directory.path() / std::string(120, 'x'));
        }).find("too long") != std::string::npos);
  const Listener first = Listener::tcp({"127.0.0.1", 0});
  CHECK(first.port() != 0);
  CHECK(failure_of([&] {
          (void)Listener::tcp({"127.0.0.1", first.port()});
        }).starts_with("conflict"));
}

TEST_CASE("paths: what everyone may pass through and connect to, and what only the owner may") {
  const TempDir directory;
  const auto open_to_all = directory.path() / "run";
  const auto own = directory.path() / "own";
  prepare_directory(open_to_all, "socket directory", Passage::everyone);
  prepare_directory(own, "socket directory");
  CHECK(mode_of(open_to_all) == 0755);
  CHECK((mode_of(own) & 0022) == 0);
  const Listener everyones = Listener::unix_socket(open_to_all / "nufid.sock", Passage::everyone);
  const Listener owners = Listener::unix_socket(own / "nufid.sock");
  CHECK(mode_of(open_to_all / "nufid.sock") == 0666);
  CHECK(mode_of(own / "nufid.sock") == 0600);
}

TEST_CASE("paths: a directory that was there keeps the mode its owner chose") {
  const TempDir directory;
  prepare_directory(directory.path(), "socket directory", Passage::everyone);
  CHECK(mode_of(directory.path()) == 0700);
}
