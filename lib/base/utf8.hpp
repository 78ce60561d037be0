#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nufi {

/// One character at the start of a text.
struct Utf8Character {
  char32_t code = 0;       ///< U+FFFD when the bytes are not UTF-8
  std::size_t length = 1;  ///< bytes it takes; 1 when they are not UTF-8
  bool valid = false;
};

/// The first character of `text` (not empty). Strict: no overlong forms, no surrogates, nothing
/// above U+10FFFF. Thread-safe.
Utf8Character first_character(std::string_view text) noexcept;

/// False for what can move a cursor, break a line or turn the reading direction: C0, DEL, C1, line
/// and paragraph separator, bidirectional and zero-width controls, the byte order mark.
bool is_printable(char32_t code) noexcept;

/// Appends `code` (a valid character) to `out`.
void append_utf8(std::string& out, char32_t code);

/// `text` as a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD.
std::string quote_json(std::string_view text);

}  // namespace nufi
