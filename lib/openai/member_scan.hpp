#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nufi::openai {

/// Picks one member of the root object out of JSON that passes by in pieces, split anywhere,
/// keeping nothing but that member's value. Lenient: text that is not JSON yields nothing.
class MemberScan {
 public:
  /// `name`: the member's name, at most 32 bytes. `most`: the longest value to keep; a longer one
  /// counts as not there. `name` must outlive the scan (a literal).
  explicit MemberScan(std::string_view name, std::size_t most = 16384) : name_(name), most_(most) {}

  void feed(std::string_view bytes);

  /// The value's text, without white space around it, if it has been seen to its end; the last one
  /// if it came more than once.
  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] const std::string& value() const { return value_; }
  /// True once the root object has closed: the document is whole.
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  void end_of_value();
  void capture(std::string_view bytes);

  const std::string_view name_;
  const std::size_t most_;
  std::string value_;
  std::string capture_;
  std::string key_;  ///< the latest string at depth 1, up to 33 bytes
  std::int32_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool expects_value_ = false;  ///< behind a ':' at depth 1
  bool capturing_ = false;
  bool too_long_ = false;
  bool found_ = false;
  bool complete_ = false;
};

}  // namespace nufi::openai
