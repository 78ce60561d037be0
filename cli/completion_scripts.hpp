#pragma once

#include <string_view>
#include <vector>

namespace nufi::cli {

/// A file of completions/, built into the program.
struct CompletionScript {
  std::string_view shell;
  std::string_view text;
};

const std::vector<CompletionScript>& completion_scripts();

}  // namespace nufi::cli
