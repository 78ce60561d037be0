#pragma once

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>

/// For terminals whose character set is not UTF-8: they get nothing but ASCII.
namespace nufi::cli {

/// `text` in ASCII: signs that nufi itself uses as what is nearest ("…" as "..."), each column of
/// any other character as "?". So a text that takes n columns takes n here too, but for those
/// signs.
std::string to_ascii(std::string_view text);

/// JSON text, whose strings alone may hold what is not ASCII, with \u escapes: the same JSON.
std::string to_ascii_json(std::string_view json);

/// While it lives, what is written to `stream` comes out in ASCII.
class AsciiOnly {
 public:
  explicit AsciiOnly(std::ostream& stream);
  AsciiOnly(const AsciiOnly&) = delete;
  AsciiOnly& operator=(const AsciiOnly&) = delete;
  ~AsciiOnly();

 private:
  class Filter;
  std::ostream& stream_;
  std::unique_ptr<Filter> filter_;
};

}  // namespace nufi::cli
