#pragma once

#include "lib/store/sqlite/connection.hpp"

#include <span>
#include <string_view>

namespace nufi::store::sqlite {

/// One step of the schema. Never edited after a release.
struct Migration {
  int number;             ///< 1, 2, … without gaps: the schema's version after it
  std::string_view name;  ///< "0001_init"
  std::string_view sql;
};

/// Those built into this program, from migrations/*.sql, in order.
std::span<const Migration> all_migrations();

/// The version of our schema in an open database of ours that this program can read. Throws
/// Error{unavailable} if it is empty, another program's or newer, SQLite::Exception.
int known_version(SQLite::Database& database, const std::filesystem::path& file);

/// Brings the database to the last of `migrations` (not empty), each in one transaction, and
/// returns its version. An older database that is not empty is copied to `<file>.schema-<version>`
/// first. Throws Error{unavailable} if the file is not a database of ours or newer than
/// `migrations`, SQLite::Exception if it can't be read or written.
int migrate(Connection& connection, std::span<const Migration> migrations);

}  // namespace nufi::store::sqlite
