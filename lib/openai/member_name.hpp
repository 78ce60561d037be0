#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace nufi::openai {

/// A name as a server without case would read it. The two letters outside ASCII whose folding is
/// ASCII (long s, Kelvin sign) are folded as well, as Go's and others' decoders do; and a name ends
/// at a NUL, as in C.
std::string fold_letters(std::string name);

/// The same of a member name as it stands in JSON, or of its beginning if it is too long to be one
/// that we know.
std::string fold_member(std::string_view raw);

/// True if `raw`, a member name as it stands in JSON, may be read as `name` (lower case, no letter
/// s or k) by some server: not all heed case, and some end it at a NUL.
bool is_named(std::string_view raw, std::string_view name);

template <class Names>
bool is_named_one_of(std::string_view raw, const Names& names) {
  return std::any_of(
      names.begin(), names.end(), [&](std::string_view name) { return is_named(raw, name); });
}

/// What stands between the quotes of a JSON string.
inline std::string_view between_quotes(std::string_view raw_string) {
  return raw_string.substr(1, raw_string.size() - 2);
}

}  // namespace nufi::openai
