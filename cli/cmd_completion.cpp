#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/completion_scripts.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>

namespace nufi::cli {

void add_completion_command(CLI::App& root, Context& context) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command =
      root.add_subcommand("completion", "print what makes a shell complete nufi's words");
  std::vector<std::string> shells;
  for (const CompletionScript& script : completion_scripts()) shells.emplace_back(script.shell);
  CLI::Option* option =
      command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->type_name("");
  offer(*option, shells);
  command->callback([&context, shell, shells] {
    const std::string chosen = read_word(*shell, "SHELL", shells);
    for (const CompletionScript& script : completion_scripts()) {
      if (script.shell == chosen) context.out << script.text;
    }
  });
}

}  // namespace nufi::cli
