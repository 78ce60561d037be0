#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace nufi::openai {

/// The head of one part of a form (RFC 7578).
struct PartHead {
  std::string name;
  /// The name as some server might read it that undoes percent signs, trims, takes off `[]` or
  /// knows no case: two names that are one there are one here.
  std::string folded_name;
  bool is_file = false;  ///< it has a file name
  bool is_plain = true;  ///< its bytes are what they stand for: no transfer encoding, UTF-8
};

/// Reads the lines of a part's head, each with its CR LF; or says what is wrong with them.
///
/// It is strict where servers differ: one Content-Disposition `form-data` with one name, written
/// without escapes; no folded lines, control characters or parts within the part.
std::variant<PartHead, std::string> read_part_head(std::string_view lines);

/// True if `content_type` says multipart/form-data, whatever its parameters are.
bool is_form(std::string_view content_type);

/// The boundary that a Content-Type of multipart/form-data names; std::nullopt if it names none,
/// several, or one that RFC 2046 does not allow.
std::optional<std::string> boundary_of(std::string_view content_type);

}  // namespace nufi::openai
