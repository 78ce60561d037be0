#pragma once

#include <filesystem>

namespace nufi::daemon {

/// One nufid per data directory: held from construction to destruction, and let go by the kernel if
/// the process dies.
class InstanceLock {
 public:
  /// Throws Error{conflict} naming the process that holds it, Error{unavailable} if the file can't
  /// be made. Does not wait.
  explicit InstanceLock(const std::filesystem::path& data_dir);
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;
  ~InstanceLock();

 private:
  int file_ = -1;
};

}  // namespace nufi::daemon
