#include "cli/help.hpp"

#include "cli/examples.hpp"
#include "cli/format.hpp"
#include "cli/root.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace nufi::cli {

namespace {

constexpr int kIndent = 2;
constexpr int kGap = 2;
/// A name that is longer than this gets a line of its own.
constexpr int kWidestName = 28;
/// The least room that is worth a column of explanations beside the names.
constexpr int kLeastRoom = 28;
/// Beyond this a line is hard to read.
constexpr int kWidestText = 100;

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string spaces(int count) {
  return std::string(static_cast<std::size_t>(std::max(count, 0)), ' ');
}

/// `text` wrapped, every line but the first behind `indent` spaces.
std::string hanging(const std::string& text, int indent, int width) {
  std::string out;
  for (const std::string& line : wrapped(text, width - indent)) {
    if (!out.empty()) out += spaces(indent);
    out += line + '\n';
  }
  return out;
}

/// Names and what they are, in two columns whose first is as wide as its names need, but no wider
/// than `widest`.
std::string two_columns(const std::string& title, const Rows& rows, int widest, int width) {
  if (rows.empty()) return {};
  int column = 0;
  for (const auto& [name, text] : rows) {
    const int name_width = display_width(name);
    if (name_width <= widest) column = std::max(column, name_width);
  }
  const bool is_narrow = width - kIndent - column - kGap < kLeastRoom;
  const int indent = is_narrow ? 3 * kIndent : kIndent + column + kGap;
  std::string out = "\n" + title + ":\n";
  for (const auto& [name, text] : rows) {
    out += spaces(kIndent) + name;
    const int used = kIndent + display_width(name);
    if (is_narrow || used + kGap > indent) {
      out += '\n' + spaces(indent);
    } else {
      out += spaces(indent - used);
    }
    out += hanging(text, indent, width);
  }
  return out;
}

/// Examples stand in one piece, to be copied: what they do is beside them if all have room for
/// that, else below.
std::string examples_for(const CLI::App& command, int width) {
  Rows rows;
  int longest = 0;
  int widest = 0;
  for (const Example& example : examples_of(path_of(command))) {
    rows.emplace_back(example.line, example.purpose);
    const int line_width = display_width(example.line);
    longest = std::max(longest, line_width);
    widest = std::max(widest, line_width + kGap + display_width(example.purpose));
  }
  const bool beside = kIndent + longest + kGap + kLeastRoom <= width || kIndent + widest <= width;
  return two_columns("Examples", rows, beside ? longest : 0, width);
}

std::string name_of(const CLI::Option& option) {
  std::string name;
  for (const std::string& letter : option.get_snames())
    name += (name.empty() ? "-" : ", -") + letter;
  for (const std::string& word : option.get_lnames()) name += (name.empty() ? "--" : ", --") + word;
  if (!option.get_type_name().empty()) name += ' ' + option.get_type_name();
  return name;
}

/// What is hidden from the help has an empty group, as CLI11 has it.
bool is_hidden(const CLI::Option& option) {
  return option.get_group().empty();
}

std::string usage_of(const CLI::App& command, int width) {
  std::string line = command.get_parent() == nullptr ? "nufi" : "nufi " + path_of(command);
  const int indent = display_width("Usage: ") + kIndent;
  const auto verbs = command.get_subcommands([](const CLI::App*) { return true; });
  if (!verbs.empty()) line += command.get_require_subcommand_min() > 0 ? " COMMAND" : " [COMMAND]";
  line += " [OPTIONS]";
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional() || is_hidden(*option)) continue;
    std::string name = option->get_name(/*positional=*/true, /*all_options=*/false);
    if (option->get_items_expected_max() > 1) name += "...";
    line += option->get_required() ? " " + name : " [" + name + "]";
  }
  return "\nUsage: " + hanging(line, indent, width);
}

}  // namespace

std::string Help::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  const int width = std::min(width_, kWidestText);
  Rows words;
  Rows options;
  for (const CLI::Option* option : app->get_options()) {
    if (is_hidden(*option)) continue;
    if (option->get_positional()) {
      words.emplace_back(option->get_name(true, false), option->get_description());
    } else {
      options.emplace_back(name_of(*option), option->get_description());
    }
  }
  Rows verbs;
  for (const CLI::App* verb : app->get_subcommands([](const CLI::App*) { return true; })) {
    if (!verb->get_group().empty()) verbs.emplace_back(verb->get_name(), verb->get_description());
  }
  std::string out = hanging(app->get_description(), 0, width);
  out += examples_for(*app, width);
  out += usage_of(*app, width);
  out += two_columns("Commands", verbs, kWidestName, width);
  out += two_columns("Arguments", words, kWidestName, width);
  out += two_columns("Options", options, kWidestName, width);
  if (!app->get_footer().empty()) out += "\n" + hanging(app->get_footer(), 0, width);
  return out;
}

}  // namespace nufi::cli
