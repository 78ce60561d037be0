#include "lib/openai/member_name.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/json_walk.hpp"

namespace nufi::openai {

bool is_named(std::string_view raw, std::string_view name) {
  if (raw.find('\\') == std::string_view::npos) return equals_ignoring_case(raw, name);
  return equals_ignoring_case(unescape_json(raw), name);
}

}  // namespace nufi::openai
