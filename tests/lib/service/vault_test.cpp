#include "lib/service/vault.hpp"

#include "tests/support/control_plane.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

using namespace nufi;
using domain::SecretKind;
using service::Vault;
using test::failure_of;
using test::TempDir;

namespace {

domain::Upstream upstream_with(SecretKind kind, const std::string& reference) {
  domain::Upstream upstream;
  upstream.id = domain::UpstreamId("up_1");
  upstream.name = "one";
  upstream.secret = {.kind = kind, .reference = reference};
  return upstream;
}

}  // namespace

TEST_CASE("vault: a stored secret comes back for its upstream and for no other") {
  const TempDir directory;
  const Vault vault(directory.path() / "secret.key", {});
  const std::string sealed = vault.seal(domain::UpstreamId("up_1"), Secret("sk-provider"));
  CHECK(sealed.find("sk-provider") == std::string::npos);
  auto upstream = upstream_with(SecretKind::stored, sealed);
  CHECK(vault.read(upstream).expose() == "sk-provider");
  upstream.id = domain::UpstreamId("up_2");
  CHECK(failure_of([&] { (void)vault.read(upstream); }).starts_with("unavailable"));
}

TEST_CASE("vault: the key file is private, made once, and needed to open") {
  const TempDir directory;
  const auto file = directory.path() / "secret.key";
  const std::string sealed = Vault(file, {}).seal(domain::UpstreamId("up_1"), Secret("s"));
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK(status.st_size == 32);
  const auto upstream = upstream_with(SecretKind::stored, sealed);
  CHECK(Vault(file, {}).read(upstream).expose() == "s");
  std::filesystem::remove(file);
  const Vault other(file, {});
  CHECK(failure_of([&] { (void)other.read(upstream); }) ==
        "unavailable: the stored secret can't be opened with this secret.key");
}

TEST_CASE("vault: a key file that others can read or that is cut is refused") {
  const TempDir directory;
  const auto file = directory.write("secret.key", std::string(32, 'k'));
  ::chmod(file.c_str(), 0644);
  CHECK(failure_of([&] { const Vault vault(file, {}); }).find("read by others") !=
        std::string::npos);
  const auto half = directory.write("half.key", std::string(16, 'k'));
  CHECK(failure_of([&] { const Vault vault(half, {}); }).find("32 bytes") != std::string::npos);
}

TEST_CASE("vault: nobody waits for a pipe in the place of the key file") {
  const TempDir directory;
  const auto file = directory.path() / "secret.key";
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  CHECK(failure_of([&] { const Vault vault(file, {}); }).find("is a pipe") != std::string::npos);
}

TEST_CASE("vault: secrets are read from environment, file and command, trimmed") {
  const TempDir directory;
  const Vault vault(directory.path() / "secret.key",
                    {{"PROVIDER", "sk-env "}, {"PATH", "/bin:/usr/bin"}});
  const auto file = directory.write("provider", "sk-file\n");
  CHECK(vault.read(upstream_with(SecretKind::env, "PROVIDER")).expose() == "sk-env");
  CHECK(vault.read(upstream_with(SecretKind::file, file.string())).expose() == "sk-file");
  CHECK(vault.read(upstream_with(SecretKind::command, "echo sk-$PROVIDER")).expose() ==
        "sk-sk-env");
  CHECK(vault.read(upstream_with(SecretKind::none, "")).empty());
}

TEST_CASE("vault: what can't be read is said without its content") {
  const TempDir directory;
  const Vault vault(directory.path() / "secret.key", {{"PATH", "/bin:/usr/bin"}});
  const auto problem = [&](SecretKind kind, const std::string& reference) {
    return failure_of([&] { (void)vault.read(upstream_with(kind, reference)); });
  };
  CHECK(problem(SecretKind::env, "GONE") == "unavailable: nufid has no environment variable GONE");
  CHECK(problem(SecretKind::file, "/nonexistent/key").find("is not there") != std::string::npos);
  CHECK(problem(SecretKind::command, "echo leak; exit 3") ==
        "unavailable: the command ended with exit code 3");
  CHECK(problem(SecretKind::command, "echo two words").find("two words") == std::string::npos);
  CHECK(problem(SecretKind::command, "true").find("is empty") != std::string::npos);
}
