#include "lib/base/base64.hpp"

#include <cstdint>

namespace nufi {

std::string to_base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto here = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < here.size() ? static_cast<unsigned char>(here[k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= here.size() ? kDigits[bits >> (18 - 6 * k) & 0x3f] : '=';
    }
  }
  return text;
}

}  // namespace nufi
