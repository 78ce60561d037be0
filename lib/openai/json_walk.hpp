#pragma once

#include "lib/base/utf8.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace nufi::openai {

/// Deeper nesting is refused: no client needs it, and servers that recurse die of it.
inline constexpr std::size_t kMaxJsonDepth = 256;

enum class JsonKind : std::uint8_t { object, array, string, number, boolean, null };

/// One value met on a walk. Views point into the walked text.
struct JsonValue {
  JsonKind kind = JsonKind::null;
  std::size_t depth = 0;        ///< 0 = the document, 1 = a member of the root …
  std::string_view key;         ///< raw member name without quotes; "" in arrays
  std::string_view parent_key;  ///< of the object or array it is in
  std::string_view raw;         ///< the value's text; for containers only when they end
};

/// Told of every value in document order; containers are told when they open (raw is the opening
/// brace) and when they close (raw is the whole text).
class JsonVisitor {
 public:
  virtual ~JsonVisitor() = default;
  virtual void open(const JsonValue& container) = 0;
  virtual void close(const JsonValue& container) = 0;
  virtual void scalar(const JsonValue& value) = 0;
};

/// Walks one JSON document (RFC 8259, UTF-8, nothing but white space around it) without building a
/// tree. Returns "" or what is wrong, with the byte offset, for people. Numbers of any size and
/// precision are passed as text. The visitor may have been called before an error is found.
std::string walk_json(std::string_view text, JsonVisitor& visitor);

/// The text a raw JSON string (without quotes) stands for. Precondition: it was walked.
std::string unescape_json(std::string_view raw);

using nufi::quote_json;

}  // namespace nufi::openai
