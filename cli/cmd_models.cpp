#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_prices.hpp"

#include <CLI/CLI.hpp>

namespace nufi::cli {

void add_models_command(CLI::App& root, Context& context) {
  CLI::App* command = root.add_subcommand(
      "models", "what can be called, and what it costs (USD per million tokens)");
  add_output_options(*command, context);
  command->callback([&context] { context.print(list_of_models(context.client().models())); });
}

}  // namespace nufi::cli
