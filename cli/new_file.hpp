#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace nufi::cli {

/// Refuses a `path` that must not become a new file: where something stands that is no regular file
/// (a pipe, a device, a link: what it leads to may be anybody's), where a database is open, or in
/// `data_dir`, the directory of a nufid, however it is named; there a file under a name of nufid's
/// own would be taken for it. A `data_dir` that is not there ("" = none) keeps nothing out. Throws
/// Error{usage}.
void check_new_file(const std::filesystem::path& path, const std::string& data_dir);

/// A file of the caller's own (mode 0600) that appears under its name when it is whole; without
/// finish() nothing stays. Each call throws Error{unavailable} if it can't be done.
class NewFile {
 public:
  /// Checks `path` as check_new_file does.
  NewFile(std::filesystem::path path, const std::string& data_dir);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// Where it is until then.
  [[nodiscard]] const std::filesystem::path& draft() const { return draft_; }
  void write(std::string_view bytes);
  void finish();

 private:
  const std::filesystem::path path_;
  std::filesystem::path draft_;
  int file_ = -1;
};

}  // namespace nufi::cli
