#pragma once

#include <filesystem>
#include <string_view>

namespace nufi::cli {

/// A file of the caller's own (mode 0600) that appears under its name when it is whole; without
/// finish() nothing stays. Each call throws Error{unavailable} if it can't be done.
class NewFile {
 public:
  explicit NewFile(std::filesystem::path path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// Where it is until then.
  [[nodiscard]] const std::filesystem::path& draft() const { return draft_; }
  void write(std::string_view bytes);
  void finish();

 private:
  const std::filesystem::path path_;
  const std::filesystem::path draft_;
  int file_ = -1;
};

}  // namespace nufi::cli
