#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nufi::net {

/// Header fields in the order they came, in one piece of memory.
class Fields {
 public:
  struct Field {
    std::string_view name;
    std::string_view value;
  };

  void add(std::string_view name, std::string_view value);
  void clear();
  [[nodiscard]] std::size_t size() const { return spans_.size(); }
  [[nodiscard]] Field at(std::size_t index) const;

  /// The value of the first field called `name` (any case), "" if there is none.
  [[nodiscard]] std::string_view find(std::string_view name) const;
  /// How many fields are called `name`.
  [[nodiscard]] std::size_t count(std::string_view name) const;

 private:
  struct Span {
    std::uint32_t name_at = 0;
    std::uint32_t name_size = 0;
    std::uint32_t value_size = 0;  ///< right behind the name
  };
  std::string text_;
  std::vector<Span> spans_;
};

/// The head of a request as it came.
struct RequestHead {
  std::string method;
  std::string target;  ///< origin form: path and query, still percent-encoded
  Fields fields;
  int version = 11;  ///< 10 or 11
  bool keep_alive = true;

  [[nodiscard]] std::string_view path() const;   ///< target up to '?'
  [[nodiscard]] std::string_view query() const;  ///< behind '?', "" if none
  void clear();
};

/// The head of a reply of an upstream.
struct ReplyHead {
  int status = 0;
  Fields fields;
};

/// The reason phrase of RFC 9110 for `status`, "" for an unknown one.
std::string_view reason_of(int status);

}  // namespace nufi::net
