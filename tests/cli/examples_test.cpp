#include "cli/examples.hpp"

#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/diagnose.hpp"
#include "cli/root.hpp"
#include "tests/cli/console.hpp"

#include <CLI/CLI.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

using namespace nufi;

namespace {

/// The words after "nufi" in an example, as a shell splits them, to the end of that command.
std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  std::string word;
  bool is_word = false;
  char quote = 0;
  const auto start = line.find("nufi ");
  for (const char c : line.substr(start == std::string::npos ? line.size() : start + 5)) {
    if (quote != 0) {
      if (c == quote) quote = 0;
      if (c != quote && quote != 0) word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      is_word = true;
    } else if (std::string_view("|><;&)").find(c) != std::string_view::npos) {
      break;
    } else if (c != ' ') {
      word += c;
    }
    if (quote == 0 && c == ' ' && (is_word || !word.empty())) {
      words.push_back(word);
      word.clear();
      is_word = false;
    }
  }
  if (is_word || !word.empty()) words.push_back(word);
  return words;
}

struct Tree {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  test::StillClock clock;
  cli::Context context{in, out, err, clock};
  std::unique_ptr<CLI::App> root = cli::make_root(context);
};

/// The command has been understood and asks the daemon.
struct Reached {};

/// Why `words` are no command line; "" if they are one. Nothing is done but to read them.
std::string refusal_of(std::vector<std::string> words) {
  Tree tree;
  tree.in.str("secret\n");
  tree.context.yes = true;
  tree.context.config.sockets = {"/nowhere.sock"};
  tree.context.connect = [](const std::string&) -> std::unique_ptr<api::Transport> {
    throw Reached();
  };
  words = cli::take_command(*tree.root, std::move(words), tree.context.command);
  std::reverse(words.begin(), words.end());
  try {
    tree.root->parse(words);
  } catch (const Reached&) {
  } catch (const Error& error) {
    if (error.code() == Errc::usage) return error.what();
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("nufi: every command has an example and says what it does") {
  const Tree tree;
  for (const CLI::App* command : cli::all_commands(*tree.root)) {
    if (command->get_group().empty()) continue;  // not for people
    const std::string path = cli::path_of(*command);
    CAPTURE(path);
    CHECK_FALSE(cli::examples_of(path).empty());
    CHECK_FALSE(command->get_description().empty());
    for (const CLI::Option* option : command->get_options()) {
      CAPTURE(option->get_name(/*positional=*/true, /*all_options=*/true));
      CHECK_FALSE(option->get_description().empty());
    }
  }
}

TEST_CASE("nufi: every example belongs to a command and is taken as it stands") {
  for (const cli::Example& example : cli::all_examples()) {
    CAPTURE(std::string(example.line));
    CHECK_FALSE(example.purpose.empty());
    const auto words = words_of(std::string(example.line));
    const Tree tree;
    const auto commands = cli::all_commands(*tree.root);
    CHECK((example.command.empty() ||
           std::any_of(commands.begin(), commands.end(), [&](const CLI::App* command) {
             return cli::path_of(*command) == example.command;
           })));
    CHECK(refusal_of(words) == "");
    // The example of a verb shows that verb.
    const std::string line(example.line);
    CHECK(line.find("nufi " + std::string(example.command)) != std::string::npos);
  }
}

TEST_CASE("nufi: help opens with examples, and no line is wider than the screen") {
  for (const int width : {60, 80, 140}) {
    const Tree tree;
    for (const CLI::App* command : cli::all_commands(*tree.root)) {
      if (command->get_group().empty()) continue;
      const std::string path = cli::path_of(*command);
      CAPTURE(path);
      CAPTURE(width);
      test::Console console;
      auto words = split(path, ' ');
      words.emplace_back("--help");
      const test::Run run = console.on_terminal(words, width);
      CHECK(run.code == 0);
      CHECK(run.err.empty());
      const auto examples = run.out.find("\nExamples:\n");
      CHECK(examples != std::string::npos);
      CHECK(examples < run.out.find("\nUsage: "));
      CHECK(run.out.find("\nUsage: ") < run.out.find("\nOptions:\n"));
      std::istringstream lines(run.out);
      for (std::string line; std::getline(lines, line);) {
        // An example stands in one piece, to be copied.
        if (line.starts_with("  ") && line.find("nufi ") != std::string::npos) continue;
        CAPTURE(line);
        CHECK(cli::display_width(line) <= width);
        CHECK_FALSE(line.ends_with(' '));
      }
    }
  }
}
