#include "lib/store/sqlite/file.hpp"

#include "lib/base/error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace nufi::store::sqlite {
namespace {

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;
constexpr mode_t kGroupAndOthers = S_IRWXG | S_IRWXO;

/// A descriptor that is closed when it goes.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  const int reason = errno;
  throw Error(Errc::unavailable,
              what + " " + path.string() + ": " + std::generic_category().message(reason),
              "check the owner, the rights and the free space of " + path.parent_path().string());
}

void take_rights_away(const std::filesystem::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) {
    if (errno == ENOENT) return;
    fail("can't look at", path);
  }
  if ((facts.st_mode & kGroupAndOthers) == 0) return;
  if (::chmod(path.c_str(), facts.st_mode & ~kGroupAndOthers & 07777U) != 0) {
    fail("can't make private", path);
  }
}

}  // namespace

void make_private(const std::filesystem::path& file) {
  {
    Descriptor made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, kOwnerOnly));
    if (made.get() < 0 && errno != EEXIST) fail("can't make the database", file);
    // The umask may have taken more away than it should.
    if (made.get() >= 0 && ::fchmod(made.get(), kOwnerOnly) != 0) fail("can't make private", file);
  }
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    auto path = file;
    path += suffix;
    take_rights_away(path);
  }
}

void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) fail("can't rename to", to);
  auto folder = to.parent_path().empty() ? std::filesystem::path(".") : to.parent_path();
  Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) fail("can't sync", folder);
}

}  // namespace nufi::store::sqlite
