#include "cli/choices.hpp"

#include "cli/options.hpp"
#include "lib/base/text.hpp"

#include <CLI/CLI.hpp>

namespace nufi::cli {

namespace {

constexpr char kSeparator = '\n';
constexpr const char* kMark = "words\n";  ///< begins the name of a validator that keeps words

}  // namespace

CLI::Option* add_choice(CLI::App& command,
                        const std::string& name,
                        const std::string& type,
                        const std::string& help,
                        const std::vector<std::string>& words,
                        std::function<void(const std::string& word)> read) {
  CLI::Option* option = add_value(
      command,
      name,
      type,
      help,
      [words, read = std::move(read)](const std::string& value, const std::string& shown) {
        read(read_word(value, shown, words));
      });
  offer(*option, words);
  return option;
}

void offer(CLI::Option& option, const std::vector<std::string>& words) {
  // An option of CLI11 has no place for facts about it, but for the names of its validators; this
  // one never runs.
  std::string name = kMark;
  for (const std::string& word : words) name += word + kSeparator;
  CLI::Validator keeper;
  keeper.name(name).active(false);
  option.check(keeper);
}

std::vector<std::string> words_of(const CLI::Option& option) {
  // Only the way to its validators that may change them is there.
  auto& open = const_cast<CLI::Option&>(option);
  for (int i = 0;; ++i) {
    const CLI::Validator* validator = nullptr;
    try {
      validator = open.get_validator(i);
    } catch (const CLI::OptionNotFound&) {
      return {};
    }
    const std::string& name = validator->get_name();
    if (!name.starts_with(kMark)) continue;
    auto words = split(std::string_view(name).substr(std::string_view(kMark).size()), kSeparator);
    if (!words.empty() && words.back().empty()) words.pop_back();
    return words;
  }
}

}  // namespace nufi::cli
