#include "lib/service/vault.hpp"

#include "lib/base/error.hpp"
#include "lib/base/regular_file.hpp"
#include "lib/base/text.hpp"
#include "lib/service/run_command.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace nufi::service {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kMostSecretBytes = 8192;
constexpr std::chrono::seconds kCommandPatience{10};

/// A file descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

Error bad_key_file(const fs::path& path, const std::string& why, std::string hint) {
  return {Errc::unavailable, "key file " + path.string() + ": " + why, std::move(hint)};
}

/// Makes the key file in one step: another reader sees none of it or all of it.
void make_key_file(const fs::path& path) {
  std::array<std::uint8_t, kKeyBytes> bytes{};
  random_bytes(bytes);
  const fs::path fresh = path.string() + ".new";
  ::unlink(fresh.c_str());
  {
    const File file(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file.is_open() ||
        ::write(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) ||
        ::fsync(file.get()) != 0) {
      throw bad_key_file(path, std::strerror(errno), "is the data directory writable?");
    }
  }
  // link() does not replace: a key that appeared meanwhile stays.
  if (::link(fresh.c_str(), path.c_str()) != 0 && errno != EEXIST) {
    throw bad_key_file(path, std::strerror(errno), "is the data directory writable?");
  }
  ::unlink(fresh.c_str());
  const File directory(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.is_open()) ::fsync(directory.get());
}

int open_key(const fs::path& path) {
  try {
    return open_regular(path, O_RDONLY | O_NOFOLLOW);
  } catch (const Error& error) {
    throw Error(
        Errc::unavailable, std::string("key file ") + error.what(), "restore it from a backup");
  }
}

Secret read_key_file(const fs::path& path) {
  const File file(open_key(path));
  if (!file.is_open()) throw bad_key_file(path, std::strerror(errno), "restore it from a backup");
  struct stat status {};
  ::fstat(file.get(), &status);
  if (status.st_uid != ::geteuid()) {
    throw bad_key_file(path, "is not a file of this user", "restore it from a backup");
  }
  if ((status.st_mode & 077) != 0) {
    throw bad_key_file(path, "can be read by others", "chmod 600 " + path.string());
  }
  std::array<char, kKeyBytes + 1> bytes{};
  if (::read(file.get(), bytes.data(), bytes.size()) != static_cast<ssize_t>(kKeyBytes)) {
    throw bad_key_file(path, "is not 32 bytes long", "restore it from a backup");
  }
  return Secret(std::string(bytes.data(), kKeyBytes));
}

std::string context_of(const domain::UpstreamId& upstream) {
  return "upstream:" + upstream.text();
}

std::string context_of_trace(const std::string& id, std::string_view part) {
  return "trace:" + std::string(part) + ":" + id;
}

Secret trimmed(std::string text, const std::string& source) {
  Secret secret{std::string(trim(text))};
  std::fill(text.begin(), text.end(), '\0');
  if (secret.empty()) throw Error(Errc::unavailable, source + " is empty");
  try {
    check_secret(secret);
  } catch (const Error& error) {
    throw Error(Errc::unavailable, source + ": " + error.what());
  }
  return secret;
}

Secret read_file(const std::string& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure)) {
    throw Error(Errc::unavailable, "file " + path + " is not there or not a file");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostSecretBytes + 2, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && file.gcount() == 0 &&
      !file.eof()) {
    throw Error(Errc::unavailable, "file " + path + " can't be read");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  return trimmed(std::move(text), "file " + path);
}

}  // namespace

void check_secret(const Secret& secret) {
  const std::string& text = secret.expose();
  const bool is_printable =
      std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (text.empty() || text.size() > kMostSecretBytes || !is_printable) {
    throw Error(Errc::invalid, "the secret must be one line of printable characters");
  }
}

Vault::Vault(const fs::path& key_file, Environment environment)
    : environment_(std::move(environment)) {
  if (::access(key_file.c_str(), F_OK) != 0) make_key_file(key_file);
  key_ = read_key_file(key_file);
}

std::string Vault::seal(const domain::UpstreamId& upstream, const Secret& secret) const {
  return nufi::seal(key_, context_of(upstream), secret);
}

Secret Vault::read(const domain::Upstream& upstream) const {
  const std::string& reference = upstream.secret.reference;
  switch (upstream.secret.kind) {
    case domain::SecretKind::none:
      return {};
    case domain::SecretKind::stored:
      try {
        return unseal(key_, context_of(upstream.id), reference);
      } catch (const Error&) {
        throw Error(Errc::unavailable,
                    "the stored secret can't be opened with this secret.key",
                    "store it anew with: nufi upstreams edit " + upstream.name + " --key-stdin");
      }
    case domain::SecretKind::env: {
      const auto found = environment_.find(reference);
      if (found == environment_.end()) {
        throw Error(Errc::unavailable, "nufid has no environment variable " + reference);
      }
      return trimmed(found->second, "environment variable " + reference);
    }
    case domain::SecretKind::file:
      return read_file(reference);
    case domain::SecretKind::command:
      return trimmed(run_command(reference, environment_, kCommandPatience),
                     "the command's output");
  }
  return {};
}

std::string Vault::seal_trace(const std::string& id,
                              std::string_view part,
                              std::string bytes) const {
  return nufi::seal(key_, context_of_trace(id, part), Secret(std::move(bytes)));
}

std::string Vault::open_trace(const std::string& id,
                              std::string_view part,
                              std::string_view sealed) const {
  try {
    return unseal(key_, context_of_trace(id, part), sealed).expose();
  } catch (const Error&) {
    throw Error(Errc::unavailable,
                "the trace can't be opened with this secret.key",
                "it was written with another one; delete it with: nufi traces delete " + id);
  }
}

}  // namespace nufi::service
