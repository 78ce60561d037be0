#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The line that bash has when it asks for completions, which is as it was typed.
namespace nufi::cli {

struct ShellLine {
  std::vector<std::string> words;  ///< as they are meant; the last is being typed, and may be ""
  std::string last;                ///< the last one as it was typed
  char quote = 0;                  ///< the quote that is open at its end, or 0
};

/// `line` up to the cursor. Words that are expanded by bash ($HOME, ~) stay as they are.
ShellLine read_shell_line(std::string_view line);

/// What replaces `replaced`, the end of line.last, so that the word means `value`, which begins as
/// it does.
std::string insertion(const ShellLine& line, std::string_view replaced, const std::string& value);

}  // namespace nufi::cli
