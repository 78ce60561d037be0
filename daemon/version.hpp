#pragma once

#include <string_view>

namespace nufi::daemon {

/// The version of this nufid, e.g. "0.1.0".
inline constexpr std::string_view kVersion = NUFI_VERSION;

}  // namespace nufi::daemon
