#pragma once

#include <string>
#include <string_view>

namespace nufi {

/// `bytes` in base 64 (RFC 4648 §4), with padding.
std::string to_base64(std::string_view bytes);

}  // namespace nufi
