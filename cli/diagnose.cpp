#include "cli/diagnose.hpp"

#include "lib/base/text.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <string_view>

namespace nufi::cli {

namespace {

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::vector<std::string> verbs_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : commands_of(app)) names.push_back(command->get_name());
  if (app.get_parent() == nullptr) names.emplace_back("help");  // see run.cpp
  return names;
}

const CLI::App* find_command(const CLI::App& app, const std::string& name) {
  for (const CLI::App* command : commands_of(app)) {
    if (command->get_name() == name) return command;
  }
  return nullptr;
}

std::vector<std::string> options_of(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// What others call our verbs.
struct Synonym {
  std::string_view word;
  std::string_view verb;
};
constexpr std::array kSynonyms = {Synonym{"remove", "delete"},
                                  Synonym{"rm", "delete"},
                                  Synonym{"delete", "remove"},
                                  Synonym{"rm", "remove"},
                                  Synonym{"ls", "list"},
                                  Synonym{"add", "create"},
                                  Synonym{"new", "create"},
                                  Synonym{"create", "add"},
                                  Synonym{"new", "add"},
                                  Synonym{"get", "show"},
                                  Synonym{"update", "edit"}};

std::optional<std::string> meant(const std::string& word, const std::vector<std::string>& known) {
  for (const auto& [other, verb] : kSynonyms) {
    if (other != word) continue;
    if (std::find(known.begin(), known.end(), verb) != known.end()) return std::string(verb);
  }
  return closest(word, known);
}

Error unknown(const std::string& what,
              const std::string& prefix,
              const std::string& word,
              const std::vector<std::string>& known,
              const std::string& otherwise) {
  const auto nearest = meant(word, known);
  return Error(Errc::usage,
               "unknown " + what + " '" + word + "'",
               nearest ? "did you mean " + prefix + *nearest + "?" : otherwise);
}

/// How far the words could be followed.
struct Walk {
  const CLI::App* app = nullptr;  ///< the last command that is known
  std::string path;               ///< its words
  std::optional<Error> unknown;   ///< what comes after it and is not known
};

/// Options of the commands above count as well.
const CLI::Option* find_option(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = app.get_option_no_throw(name);
  if (option != nullptr || app.get_parent() == nullptr) return option;
  return find_option(*app.get_parent(), name);
}

Walk follow(const CLI::App& root, const std::vector<std::string>& arguments) {
  Walk walk{&root, root.get_name(), std::nullopt};
  for (std::size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    const std::string& word = arguments[i];
    if (word.size() > 1 && word.front() == '-') {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = find_option(*walk.app, name);
      if (option == nullptr) {
        const bool is_passed_on = walk.app->get_option_no_throw("FLAGS") != nullptr;
        walk.unknown =
            unknown("option",
                    "",
                    name,
                    options_of(*walk.app),
                    is_passed_on ? "flags of nufid stand after --: " + walk.path + " -- " + name
                                 : "see: " + walk.path + " --help");
        return walk;
      }
      const bool has_value = option->get_items_expected_min() > 0;
      if (has_value && name.size() == word.size()) ++i;
      continue;
    }
    const auto verbs = verbs_of(*walk.app);
    if (verbs.empty()) continue;
    const CLI::App* next = find_command(*walk.app, word);
    if (next == nullptr) {
      walk.unknown = unknown("command", walk.path + " ", word, verbs, "one of: " + joined(verbs));
      return walk;
    }
    walk.app = next;
    walk.path += " " + word;
  }
  return walk;
}

}  // namespace

std::optional<Error> find_unknown(const CLI::App& root, const std::vector<std::string>& arguments) {
  return follow(root, arguments).unknown;
}

Error diagnose(const CLI::App& root,
               const std::vector<std::string>& arguments,
               const CLI::ParseError& error) {
  const Walk walk = follow(root, arguments);
  if (walk.unknown) return *walk.unknown;
  const CLI::App* app = walk.app;
  const std::string& path = walk.path;
  const auto verbs = verbs_of(*app);
  if (!verbs.empty() && app != &root) {
    return Error(Errc::usage, path + " needs a verb", "one of: " + joined(verbs));
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return Error(Errc::usage, "more words than " + path + " takes", "see: " + path + " --help");
  }
  std::string message = error.what();
  if (dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr) {
    constexpr std::string_view kTheirWord = " excludes ";
    if (const auto at = message.find(kTheirWord); at != std::string::npos) {
      message.replace(at, kTheirWord.size(), " goes without ");
    }
    return Error(Errc::usage, message, "leave one of them out");
  }
  // "--project: 1 required PROJECT missing"
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr &&
      message.find(": 1 required ") != std::string::npos) {
    message = message.substr(0, message.find(':')) + " needs a value";
  }
  message = message.substr(0, message.find('\n'));
  return Error(Errc::usage, message, "see: " + path + " --help");
}

}  // namespace nufi::cli
