#pragma once

#include <filesystem>

namespace nufi::test {

/// A directory (mode 0700) that is gone, with all in it, when the object is.
class TempDir {
 public:
  TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  ~TempDir();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Puts `text` into the file `name` (mode 0600) and returns its path.
  [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& text) const;

 private:
  std::filesystem::path path_;
};

}  // namespace nufi::test
