#include "lib/gateway/url.hpp"

#include <charconv>

namespace nufi::gateway {

std::optional<std::string> decode_path(std::string_view path) {
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      text.push_back(path[i]);
      continue;
    }
    unsigned value = 0;
    const auto digits = path.substr(i + 1, 2);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    if (digits.size() != 2 || read.ptr != digits.data() + 2 || value == 0) return std::nullopt;
    text.push_back(static_cast<char>(value));
    i += 2;
  }
  return text;
}

}  // namespace nufi::gateway
