#include "lib/openai/json_escapes.hpp"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace nufi::openai {
namespace {

/// Of a "u" and four hexadecimal digits, which follow a backslash.
constexpr std::size_t kCodeLength = 5;

/// The character that such a code at the front of `text` names, if it is one of ASCII that can be
/// seen; 0 = none.
char named_character(std::string_view text) {
  if (text.size() < kCodeLength || !text.starts_with("u00")) return 0;
  unsigned code = 0;
  const auto* end = text.data() + kCodeLength;
  const auto [read, failure] = std::from_chars(text.data() + 3, end, code, /*base=*/16);
  const bool is_plain = failure == std::errc() && read == end && code >= 0x20 && code < 0x7f;
  return is_plain ? static_cast<char>(code) : '\0';
}

/// The same, where it may as well stand for itself in JSON.
char plain_character(std::string_view text) {
  const char character = named_character(text);
  return character == '"' || character == '\\' ? '\0' : character;
}

/// How many bytes of `text` are backslashes, some of them perhaps written with an escape.
std::size_t backslashes(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size()) {
    if (text[length] == '\\') {
      ++length;
    } else if (length > 0 && named_character(text.substr(length)) == '\\') {
      length += kCodeLength;
    } else {
      break;
    }
  }
  return length;
}

/// Undoes the escapes in `json`; `length_of` tells how long the backslashes at its front are.
template <typename LengthOf>
std::string undone(std::string_view json, const LengthOf& length_of) {
  std::string out;
  while (!json.empty()) {
    const auto at = std::min(json.find('\\'), json.size());
    out.append(json.substr(0, at));
    json.remove_prefix(at);
    if (json.empty()) break;
    const auto length = length_of(json);
    const auto escaped = json.substr(length);
    if (const char character = plain_character(escaped)) {
      out += character;
      json.remove_prefix(length + kCodeLength);
    } else if (escaped.starts_with('/')) {
      out += '/';
      json.remove_prefix(length + 1);
    } else {
      // Of a pair of backslashes the second one escapes nothing.
      const auto whole = std::min(length + 1, json.size());
      out.append(json.substr(0, whole));
      json.remove_prefix(whole);
    }
  }
  return out;
}

}  // namespace

std::string without_escapes(std::string_view json) {
  return undone(json, [](std::string_view /*rest*/) { return std::size_t{1}; });
}

std::string without_nested_escapes(std::string_view json) {
  return undone(json, backslashes);
}

std::string masked_through_escapes(std::string_view text,
                                   const std::function<std::string(std::string_view)>& mask) {
  std::string out = mask(text);
  for (const auto undo : {without_escapes, without_nested_escapes}) {
    if (out.find('\\') == std::string::npos) break;
    const std::string plain = undo(out);
    if (std::string safe = mask(plain); safe != plain) out = std::move(safe);
  }
  return out;
}

}  // namespace nufi::openai
