#include "lib/net/parse.hpp"

#include "lib/base/text.hpp"

#include <algorithm>

namespace nufi::net {
namespace {

/// True if `line` ends as a request line does: " HTTP/1.1".
bool has_version(std::string_view line) {
  const auto space = line.rfind(' ');
  return space != std::string_view::npos && line.substr(space + 1).starts_with("HTTP/");
}

}  // namespace

std::size_t find_head_end(std::string_view bytes, std::size_t from) {
  const auto at = bytes.find("\r\n\r\n", from < 3 ? 0 : from - 3);
  return at == std::string_view::npos ? at : at + 4;
}

std::string_view HeadCheck::look(std::string_view bytes) {
  for (; at_ < bytes.size() && !ended_; ++at_) {
    const auto c = static_cast<unsigned char>(bytes[at_]);
    const bool behind_cr = at_ > 0 && bytes[at_ - 1] == '\r';
    if (behind_cr && c != '\n') return "a carriage return without line feed";
    if (c == '\r') continue;
    if (c == '\n') {
      if (!behind_cr) return "a line feed without carriage return";
      if (in_first_line_ && !has_version(bytes.substr(0, at_ - 1))) {
        return "a request line without an HTTP version";
      }
      in_first_line_ = false;
      ended_ = line_is_empty_;
      line_is_empty_ = true;
      continue;
    }
    if (line_is_empty_ && !in_first_line_ && (c == ' ' || c == '\t')) return "a folded header line";
    if ((c < 0x20 && c != '\t') || c == 0x7F) return "a control character in the head";
    line_is_empty_ = false;
  }
  return {};
}

std::optional<std::string> path_of_absolute(std::string_view target, std::string_view host) {
  constexpr std::string_view kScheme = "http://";
  if (host.empty() || !equals_ignoring_case(target.substr(0, kScheme.size()), kScheme)) {
    return std::nullopt;
  }
  target.remove_prefix(kScheme.size());
  const auto end = std::min(target.find_first_of("/?"), target.size());
  if (!equals_ignoring_case(target.substr(0, end), host)) return std::nullopt;
  target.remove_prefix(end);
  return std::string(target.starts_with('/') ? "" : "/").append(target);
}

}  // namespace nufi::net
