#pragma once

#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

/// Options whose value is one of a few words. The words stay with the option, so that completions
/// offer what the command takes.
namespace nufi::cli {

/// An option with one of `words` as its value, given to `read` when it is there; another value
/// throws Error{usage} that names the nearest. `type` is what the help shows for the value.
CLI::Option* add_choice(CLI::App& command,
                        const std::string& name,
                        const std::string& type,
                        const std::string& help,
                        const std::vector<std::string>& words,
                        std::function<void(const std::string& word)> read);

/// Lets completions offer `words` for the value of `option`; it takes others as well.
void offer(CLI::Option& option, const std::vector<std::string>& words);

/// What is offered for the value of `option`; nothing for most.
std::vector<std::string> words_of(const CLI::Option& option);

}  // namespace nufi::cli
