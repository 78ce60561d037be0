#include "lib/openai/member_name.hpp"

#include "lib/base/text.hpp"
#include "lib/openai/json_walk.hpp"

#include <algorithm>

namespace nufi::openai {
namespace {

/// No name that we know has more letters.
constexpr std::size_t kMostLetters = 40;

/// What of `raw` decides whether it is a name of `letters` letters: a name can be megabytes long,
/// and it is compared with many. Ends behind a whole escape.
std::string_view beginning(std::string_view raw, std::size_t letters) {
  constexpr std::size_t kEscape = 6;  // as \u006d
  const auto most = std::min(raw.size(), (letters + 1) * kEscape);
  std::size_t at = 0;
  while (at < most) at += raw[at] != '\\' ? 1 : raw[at + 1] == 'u' ? kEscape : 2;
  return raw.substr(0, at);
}

/// Precondition: `raw` was walked.
std::string text_of(std::string_view raw) {
  return raw.find('\\') == std::string_view::npos ? std::string(raw) : unescape_json(raw);
}

void end_at_nul(std::string& name) {
  name.resize(std::min(name.find('\0'), name.size()));
}

}  // namespace

std::string fold_letters(std::string name) {
  end_at_nul(name);
  for (const std::string_view from : {"\xC5\xBF", "\xE2\x84\xAA"}) {
    for (auto at = name.find(from); at != std::string::npos; at = name.find(from, at)) {
      name.replace(at, from.size(), from.size() == 2 ? "s" : "k");
    }
  }
  return to_lower(name);
}

std::string fold_member(std::string_view raw) {
  return fold_letters(text_of(beginning(raw, kMostLetters)));
}

bool is_named(std::string_view raw, std::string_view name) {
  auto text = text_of(beginning(raw, name.size()));
  end_at_nul(text);
  return equals_ignoring_case(text, name);
}

}  // namespace nufi::openai
