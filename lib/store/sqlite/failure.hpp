#pragma once

#include "lib/base/error.hpp"

#include <SQLiteCpp/Exception.h>

#include <filesystem>
#include <string_view>
#include <utility>

namespace nufi::store::sqlite {

/// The failure in the house's words: Error{unavailable} with a hint for what the operator can mend
/// (full disk, read-only, damaged, locked), Error{conflict} for a broken reference or unique name.
Error to_error(const SQLite::Exception& failure, const std::filesystem::path& file);

/// True if a unique index that ends in `column` ("keys.name") forbade the change.
bool is_taken(const SQLite::Exception& failure, std::string_view column) noexcept;

/// Runs `work`; a SQLite::Exception leaves it as to_error().
template <class Work>
decltype(auto) translating(const std::filesystem::path& file, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const SQLite::Exception& failure) {
    throw to_error(failure, file);
  }
}

/// Runs `work`; if it fails because `column` must be unique, throws Error{conflict} of these words.
template <class Work>
decltype(auto) unless_taken(std::string_view column,
                            const std::string& message,
                            const std::string& hint,
                            Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (const SQLite::Exception& failure) {
    if (is_taken(failure, column)) throw Error(Errc::conflict, message, hint);
    throw;
  }
}

}  // namespace nufi::store::sqlite
