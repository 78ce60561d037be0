#include "lib/net/parse.hpp"

namespace nufi::net {

std::size_t find_head_end(std::string_view bytes, std::size_t from) {
  const auto at = bytes.find("\r\n\r\n", from < 3 ? 0 : from - 3);
  return at == std::string_view::npos ? at : at + 4;
}

std::string check_head(std::string_view bytes) {
  bool line_is_empty = true;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    if (c == '\r') {
      if (i + 1 < bytes.size() && bytes[i + 1] != '\n')
        return "a carriage return without line feed";
      continue;
    }
    if (c == '\n') {
      if (i == 0 || bytes[i - 1] != '\r') return "a line feed without carriage return";
      if (line_is_empty) return {};  // the end of the head: what follows is the body
      line_is_empty = true;
      continue;
    }
    if (line_is_empty && i > 0 && (c == ' ' || c == '\t')) return "a folded header line";
    if (c < 0x20 && c != '\t') return "a control character in the head";
    if (c == 0x7F) return "a control character in the head";
    line_is_empty = false;
  }
  return {};
}

}  // namespace nufi::net
