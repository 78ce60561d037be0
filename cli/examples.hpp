#pragma once

#include <string_view>
#include <vector>

/// What each command's help opens with. Add rows to the table in examples.cpp; a test holds that
/// every command has some, and that nufi takes each of them as it stands there.
namespace nufi::cli {

struct Example {
  std::string_view command;  ///< its words without "nufi": "keys create", "" for nufi alone
  std::string_view line;     ///< as it is typed into a shell
  std::string_view purpose;  ///< what for, in a few words
};

/// The whole table, in the order of `nufi --help`.
const std::vector<Example>& all_examples();

/// Those of `command`.
std::vector<Example> examples_of(std::string_view command);

}  // namespace nufi::cli
