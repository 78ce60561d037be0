#include "lib/store/sqlite/failure.hpp"

#include <sqlite3.h>

#include <string>

namespace nufi::store::sqlite {

Error to_error(const SQLite::Exception& failure, const std::filesystem::path& file) {
  const auto path = file.string();
  const auto unavailable = [](std::string message, std::string hint) {
    return Error(Errc::unavailable, std::move(message), std::move(hint));
  };
  // The extended code holds the plain one in its low byte.
  switch (failure.getErrorCode() & 0xff) {
    case SQLITE_FULL:
      return unavailable("the database can't be written: the disk is full",
                         "free some space on the disk of " + path);
    case SQLITE_READONLY:
      return unavailable("the database can't be written: it is read-only",
                         "check the owner and the rights of " + path + " and of its folder");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return unavailable(
          "the database is damaged: " + std::string(failure.what()),
          "stop nufid and put a backup in place: nufid --restore FILE (it keeps " + path + ")");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return unavailable("the database is locked by another process",
                         "find out who has it open: fuser " + path);
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
      return unavailable("the database can't be opened: " + std::string(failure.what()),
                         "check the owner and the rights of " + path + " and of its folder");
    case SQLITE_IOERR:
      return unavailable("the database can't be read or written: " + std::string(failure.what()),
                         "check the disk of " + path);
    case SQLITE_CONSTRAINT:
      if (failure.getExtendedErrorCode() == SQLITE_CONSTRAINT_FOREIGNKEY) {
        return Error(Errc::conflict, "it refers to something that is not there (any more)");
      }
      return Error(Errc::conflict, "it clashes with what is there: " + std::string(failure.what()));
    default:
      return unavailable("the database failed: " + std::string(failure.what()), "");
  }
}

bool is_taken(const SQLite::Exception& failure, std::string_view column) noexcept {
  const int code = failure.getExtendedErrorCode();
  if (code != SQLITE_CONSTRAINT_UNIQUE && code != SQLITE_CONSTRAINT_PRIMARYKEY) return false;
  return std::string_view(failure.what()).ends_with(column);
}

}  // namespace nufi::store::sqlite
