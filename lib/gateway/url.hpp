#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nufi::gateway {

/// A percent-encoded path as text; std::nullopt for a broken escape or an encoded NUL.
std::optional<std::string> decode_path(std::string_view path);

}  // namespace nufi::gateway
