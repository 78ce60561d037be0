#include "cli/complete.hpp"

#include "cli/choices.hpp"
#include "cli/complete_names.hpp"
#include "cli/format.hpp"
#include "cli/root.hpp"
#include "cli/shell_line.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>
#include <ostream>
#include <set>

namespace nufi::cli {

namespace {

std::vector<const CLI::App*> verbs_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

const CLI::App* find_verb(const CLI::App& app, const std::string& name) {
  for (const CLI::App* verb : verbs_of(app)) {
    if (verb->get_name() == name) return verb;
  }
  return nullptr;
}

std::vector<const CLI::Option*> positionals_of(const CLI::App& app) {
  return app.get_options([](const CLI::Option* option) { return option->get_positional(); });
}

bool takes_value(const CLI::Option& option) {
  return option.get_items_expected_min() > 0;
}
bool may_repeat(const CLI::Option& option) {
  return option.get_items_expected_max() > 1;
}

/// What was understood of the words before the one that is typed.
struct Place {
  const CLI::App* app = nullptr;
  std::set<const CLI::Option*> used;
  std::vector<std::string> arguments;    ///< words that are no verb and no option
  const CLI::Option* pending = nullptr;  ///< the option whose value is typed
  bool only_arguments = false;           ///< after --
  bool helps = false;                    ///< nufi help …: only verbs can follow
};

/// The positional argument that is typed at `place`, or null.
const CLI::Option* argument_at(const Place& place) {
  const auto all = positionals_of(*place.app);
  if (place.arguments.size() < all.size()) return all[place.arguments.size()];
  return !all.empty() && may_repeat(*all.back()) ? all.back() : nullptr;
}

bool is_of_command(const Place& place) {
  const CLI::Option* argument = argument_at(place);
  return argument != nullptr && named_by(path_of(*place.app), *argument) == Named::command;
}

/// Reads on to the word that is typed, or to where another program's words begin: then `command`
/// is the place of the first.
Place walk(const CLI::App& root,
           const std::vector<std::string>& words,
           std::optional<std::size_t>& command) {
  Place place;
  place.app = &root;
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (!place.only_arguments && word == "--") {
      place.only_arguments = true;
    } else if (!place.only_arguments && word.size() > 1 && word.front() == '-') {
      const std::string name = word.substr(0, word.find('='));
      const CLI::Option* option = place.app->get_option_no_throw(name);
      if (option == nullptr) continue;
      place.used.insert(option);
      if (!takes_value(*option) || name.size() < word.size()) continue;
      if (i + 2 == words.size()) place.pending = option;
      ++i;
    } else if (place.app == &root && !place.helps && word == "help") {
      place.helps = true;
    } else if (const CLI::App* verb = find_verb(*place.app, word);
               verb && place.arguments.empty()) {
      place.app = verb;
      place.used.clear();
    } else if (is_of_command(place)) {
      command = i;
      return place;
    } else {
      place.arguments.push_back(word);
    }
  }
  return place;
}

void add_verbs(const Place& place, std::vector<Candidate>& found) {
  for (const CLI::App* verb : verbs_of(*place.app)) {
    found.push_back({verb->get_name(), verb->get_description()});
  }
  if (place.app->get_parent() == nullptr && !place.helps) {
    found.push_back({"help", "what a command does, with examples"});
  }
}

void add_options(const Place& place, std::vector<Candidate>& found) {
  for (const CLI::Option* option : place.app->get_options()) {
    if (option->get_positional()) continue;
    if (place.used.count(option) != 0 && !may_repeat(*option)) continue;
    const auto& others = option->get_excludes();
    const bool is_excluded = std::any_of(others.begin(), others.end(), [&](CLI::Option* other) {
      return place.used.count(other) != 0;
    });
    if (is_excluded) continue;
    for (const std::string& name : option->get_lnames()) {
      // One option and its opposite share what is said of the first.
      const bool is_opposite = option->check_fname(name);
      found.push_back({"--" + name,
                       is_opposite ? "the opposite of --" + option->get_lnames().front()
                                   : option->get_description()});
    }
  }
}

void add_values(Context& context,
                const Place& place,
                const CLI::Option& option,
                Completion& completion) {
  for (const std::string& word : words_of(option)) completion.candidates.push_back({word, ""});
  if (!completion.candidates.empty()) return;
  const std::string path = path_of(*place.app);
  const Named named = named_by(path, option);
  if (named == Named::file) {
    completion.source = Source::files;
  } else if (named == Named::variable) {
    completion.source = Source::variables;
  } else if (named != Named::nothing && named != Named::command) {
    completion.candidates = names_of(context, named, {path, place.arguments});
  }
}

/// The socket, if the line names one: the names are asked there.
void take_socket(Context& context, const std::vector<std::string>& words) {
  const std::string option = "--socket";
  for (std::size_t i = 0; i + 1 < words.size() && words[i] != "--"; ++i) {
    if (words[i] == option && i + 2 < words.size()) context.socket = words[i + 1];
    if (words[i].starts_with(option + '=')) context.socket = words[i].substr(option.size() + 1);
  }
}

void print_source(const Context& context, const Completion& completion) {
  switch (completion.source) {
    case Source::words:
      context.out << "words\t" << completion.prefix << '\n';
      break;
    case Source::files:
      context.out << "files\t" << completion.prefix << '\n';
      break;
    case Source::variables:
      context.out << "variables\t" << completion.prefix << '\n';
      break;
    case Source::command:
      context.out << "command\t" << completion.command << '\n';
      break;
  }
}

void print_for_bash(Context& context, const std::string& typed, const std::string& replaced) {
  ShellLine line = read_shell_line(typed);
  // The first word is nufi itself.
  const Completion completion = complete(context, {line.words.begin() + 1, line.words.end()});
  print_source(context, completion);
  for (const Candidate& candidate : completion.candidates) {
    const std::string value = completion.prefix + candidate.value;
    if (!value.starts_with(line.words.back())) continue;
    context.out << insertion(line, replaced, value) << '\n';
  }
}

api::Json json_of(const CLI::Option& option, const std::string& path) {
  api::Json names = api::Json::array();
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  if (option.get_positional()) names.push_back(option.get_name(true));
  return {{"names", std::move(names)},
          {"positional", option.get_positional()},
          {"value", takes_value(option) ? option.get_type_name() : ""},
          {"words", words_of(option)},
          {"is_named", named_by(path, option) != Named::nothing},
          {"repeatable", may_repeat(option)},
          {"description", option.get_description()}};
}

void print_tree(Context& context) {
  const auto root = make_root(context);
  std::vector<const CLI::App*> commands = all_commands(*root);
  commands.insert(commands.begin(), root.get());
  api::Json list = api::Json::array();
  for (const CLI::App* command : commands) {
    const std::string path = path_of(*command);
    api::Json options = api::Json::array();
    for (const CLI::Option* option : command->get_options()) {
      options.push_back(json_of(*option, path));
    }
    list.push_back({{"path", path},
                    {"description", command->get_description()},
                    {"needs_verb", command->get_require_subcommand_min() > 0},
                    {"options", std::move(options)}});
  }
  context.out << api::to_text(api::Json{{"commands", std::move(list)}}) << '\n';
}

}  // namespace

Completion complete(Context& context, const std::vector<std::string>& words) {
  Completion completion;
  if (words.empty()) return completion;
  const auto root = make_root(context);
  std::optional<std::size_t> command;
  const Place place = walk(*root, words, command);
  const std::string& typed = words.back();
  take_socket(context, words);
  const bool is_option =
      !place.only_arguments && place.pending == nullptr && typed.starts_with('-');
  if (!command && !is_option && place.pending == nullptr && is_of_command(place)) {
    command = words.size() - 1;
  }
  if (command) {
    completion.source = Source::command;
    completion.command = *command;
    return completion;
  }
  auto& found = completion.candidates;
  const auto equals = typed.find('=');
  if (place.helps) {
    add_verbs(place, found);
  } else if (place.pending != nullptr) {
    add_values(context, place, *place.pending, completion);
  } else if (is_option && equals != std::string::npos) {
    const CLI::Option* option = place.app->get_option_no_throw(typed.substr(0, equals));
    completion.prefix = typed.substr(0, equals + 1);
    if (option != nullptr && takes_value(*option)) add_values(context, place, *option, completion);
  } else if (is_option) {
    add_options(place, found);
  } else {
    if (place.arguments.empty() && !place.only_arguments) add_verbs(place, found);
    const CLI::Option* argument = argument_at(place);
    if (argument != nullptr) add_values(context, place, *argument, completion);
    if (!place.only_arguments) {
      // Without -- before it, it would be taken for an option.
      std::erase_if(found, [](const Candidate& name) { return name.value.starts_with('-'); });
    }
    const bool has_nothing = found.empty() && completion.source == Source::words;
    const bool takes_more = place.arguments.size() <= positionals_of(*place.app).size();
    if (has_nothing && argument == nullptr && takes_more && !place.only_arguments) {
      add_options(place, found);
    }
  }
  return completion;
}

int run_complete(Context& context, const std::vector<std::string>& arguments) {
  const std::string mode = arguments.empty() ? "" : arguments.front();
  if (mode == "--tree") {
    print_tree(context);
  } else if (mode == "--bash" && arguments.size() == 3) {
    print_for_bash(context, arguments[1], arguments[2]);
  } else if (mode == "--") {
    const Completion completion = complete(context, {arguments.begin() + 1, arguments.end()});
    print_source(context, completion);
    for (const Candidate& candidate : completion.candidates) {
      context.out << candidate.value << '\t' << printable(candidate.description) << '\n';
    }
  } else {
    return exit_code(Errc::usage);
  }
  return 0;
}

}  // namespace nufi::cli
