#pragma once

#include "lib/store/store.hpp"

#include <chrono>
#include <filesystem>

namespace nufi::store::sqlite {

/// Store::check_integrity() of the open database at `file`.
Integrity find_damage(const std::filesystem::path& file, std::chrono::milliseconds patience);

}  // namespace nufi::store::sqlite
