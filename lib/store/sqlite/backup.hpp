#pragma once

#include "lib/store/store.hpp"

#include <filesystem>

namespace nufi::store::sqlite {

/// Store::copy_to() of the open database at `from`.
bool copy_database(const std::filesystem::path& from,
                   const std::filesystem::path& to,
                   const Store::CopyProgress& progress);

}  // namespace nufi::store::sqlite
