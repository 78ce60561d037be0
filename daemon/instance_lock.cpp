#include "daemon/instance_lock.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <unistd.h>

namespace nufi::daemon {

InstanceLock::InstanceLock(const std::filesystem::path& data_dir) {
  const std::filesystem::path path = data_dir / "nufid.lock";
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file_ < 0) {
    throw Error(Errc::unavailable,
                fmt::format("{} can't be opened: {}", path.string(), std::strerror(errno)),
                "is the data directory writable?");
  }
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    std::array<char, 32> text{};
    const ssize_t count = ::pread(file_, text.data(), text.size(), 0);
    const auto pid =
        parse_integer(trim({text.data(), static_cast<std::size_t>(count < 0 ? 0 : count)}));
    ::close(file_);
    throw Error(Errc::conflict,
                fmt::format("another nufid{} uses {}",
                            pid ? fmt::format(" (pid {})", *pid) : "",
                            data_dir.string()),
                "stop it with nufi down, or give this one its own --data-dir");
  }
  // Only for people to read: the lock is what counts.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file_, 0) != 0 ||
      ::pwrite(file_, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    ::close(file_);
    throw Error(Errc::unavailable,
                fmt::format("{} can't be written: {}", path.string(), std::strerror(errno)),
                "is the disk full?");
  }
}

InstanceLock::~InstanceLock() {
  ::close(file_);
}

}  // namespace nufi::daemon
