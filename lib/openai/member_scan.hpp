#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace nufi::openai {

/// Picks one member out of JSON that passes by in pieces, split anywhere, keeping nothing but that
/// member's value: a member of the root object, or of an object that is a member of it. Lenient:
/// text that is not JSON yields nothing.
class MemberScan {
 public:
  /// `name`: the member's name, at most 32 bytes. `most`: the longest value to keep; a longer one
  /// counts as not there. `parent`: the member of the root it is in, "" = the root itself. Both
  /// names must outlive the scan (literals).
  explicit MemberScan(std::string_view name, std::size_t most = 16384, std::string_view parent = {})
      : name_(name), parent_(parent), most_(most) {}

  void feed(std::string_view bytes);

  /// The value's text, without white space around it, if it has been seen to its end; the last one
  /// if it came more than once.
  [[nodiscard]] bool found() const { return found_; }
  [[nodiscard]] const std::string& value() const { return value_; }
  /// How many objects and lists stand right below the member, as far as they have passed.
  [[nodiscard]] std::int64_t items() const { return items_; }
  /// True if the value is a list / is neither null nor a list of nothing but objects, as far as it
  /// has passed.
  [[nodiscard]] bool is_list() const { return first_ == '['; }
  [[nodiscard]] bool has_strays() const { return has_strays_; }
  /// True if the member has begun, whatever became of its value.
  [[nodiscard]] bool begun() const { return begun_; }
  /// True once the root object has closed: the document is whole.
  [[nodiscard]] bool complete() const { return complete_; }

 private:
  void end_of_value();
  void capture(std::string_view bytes);
  void note_shape(char c);
  void open();
  void close();
  /// Names are looked at here.
  [[nodiscard]] bool is_watched() const { return depth_ == 1 || (depth_ == 2 && in_parent_); }
  [[nodiscard]] std::int32_t level() const { return parent_.empty() ? 1 : 2; }

  const std::string_view name_;
  const std::string_view parent_;
  const std::size_t most_;
  std::string value_;
  std::string capture_;
  std::string key_;  ///< the latest name, up to 33 bytes
  std::int32_t depth_ = 0;
  std::int64_t items_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool expects_value_ = false;  ///< behind a ':' where names are looked at
  bool in_parent_ = false;
  bool begun_ = false;
  bool has_strays_ = false;
  char first_ = 0;  ///< of the value
  bool capturing_ = false;
  bool too_long_ = false;
  bool found_ = false;
  bool complete_ = false;
};

}  // namespace nufi::openai
