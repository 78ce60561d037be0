#pragma once

#include <string>

namespace nufi {

/// `word` as a shell reads it back: as it is, or in single quotes.
std::string shell_quoted(const std::string& word);

}  // namespace nufi
