#pragma once

#include <filesystem>
#include <string>

namespace nufi::daemon {

/// `nufid --restore`: puts the backup `file` in place of the database in `data_dir`, where no nufid
/// may run. What was there is kept beside it as nufi.db.before-restore-<time>, and so is the
/// journal, which belongs to it. A key file that stands beside the backup (FILE.key) is put in
/// place as well. Returns the line that says what was done. Throws Error; then nothing was
/// replaced, or finish_restore() ends it.
std::string restore(const std::filesystem::path& data_dir, const std::filesystem::path& file);

/// Ends a restore that was interrupted after it had begun to replace; else does nothing. Call
/// before the database or its key file is opened, with the instance lock held. Throws
/// Error{unavailable}.
void finish_restore(const std::filesystem::path& data_dir);

}  // namespace nufi::daemon
