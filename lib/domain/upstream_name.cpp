#include "lib/domain/upstream_name.hpp"

#include "lib/base/error.hpp"

#include <algorithm>

namespace nufi::domain {
namespace {

constexpr std::size_t kLongestName = 64;

bool may_stand_in_name(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

void check_upstream_name(std::string_view name) {
  // It stands in URLs, headers and log lines.
  if (name.empty() || name.size() > kLongestName ||
      !std::all_of(name.begin(), name.end(), may_stand_in_name)) {
    throw Error(Errc::invalid,
                "name of an upstream must be 1 to 64 letters, digits, dots, dashes or underscores",
                "for example openai or local-llama");
  }
  // Its path in the management API is a verb.
  if (name == "discover") {
    throw Error(Errc::invalid, "an upstream can't be called discover", "choose another name");
  }
}

}  // namespace nufi::domain
