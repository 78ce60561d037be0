#include "lib/openai/member_name.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/json_walk.hpp"

namespace nufi::openai {

std::string fold_letters(std::string name) {
  name.resize(std::min(name.find('\0'), name.size()));
  for (const std::string_view from : {"\xC5\xBF", "\xE2\x84\xAA"}) {
    for (auto at = name.find(from); at != std::string::npos; at = name.find(from, at)) {
      name.replace(at, from.size(), from.size() == 2 ? "s" : "k");
    }
  }
  return to_lower(name);
}

std::string fold_member(std::string_view raw) {
  const bool is_escaped = raw.find('\\') != std::string_view::npos;
  return fold_letters(is_escaped ? unescape_json(raw) : std::string(raw));
}

bool is_named(std::string_view raw, std::string_view name) {
  if (raw.find('\\') == std::string_view::npos) return equals_ignoring_case(raw, name);
  return equals_ignoring_case(unescape_json(raw), name);
}

}  // namespace nufi::openai
