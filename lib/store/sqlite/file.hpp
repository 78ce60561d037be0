#pragma once

#include <filesystem>

namespace nufi::store::sqlite {

/// Makes the database file if it is absent, and takes every right of group and others away from it
/// and from the files SQLite keeps beside it, whatever the umask is. SQLite gives the files that it
/// makes later the rights of the database. Throws Error{unavailable}.
void make_private(const std::filesystem::path& file);

/// Gives the finished copy `from` the name `to`, durably. Throws Error{unavailable}.
void rename_durably(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace nufi::store::sqlite
