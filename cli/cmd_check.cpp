#include "cli/commands.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <ostream>
#include <string>

namespace nufi::cli {

namespace {

struct CheckOptions {
  std::string key;
  std::string model;
  std::int64_t tokens = 0;
};

/// What to do about a window without room.
std::string remedy(Context& context, const domain::CheckView& view, const CheckOptions& options) {
  if (!view.refusal) return "";
  const bool usd = view.refusal->window.metric == domain::Metric::usd;
  const std::string what = usd ? "--budget USD" : "--token-limit N";
  switch (view.refusal->window.scope) {
    case domain::Scope::key:
      return fmt::format("to raise it: nufi keys edit {} {}", options.key, what);
    case domain::Scope::project:
      return fmt::format(
          "to raise it: nufi projects edit {} {}", context.client().key(options.key).project, what);
    case domain::Scope::account:
      return fmt::format("an admin can raise it: nufi accounts edit {} {}",
                         context.client().key(options.key).account,
                         what);
  }
  return "";
}

void check(Context& context, const CheckOptions& options) {
  const domain::CheckView view =
      context.client().check_key(options.key, options.model, options.tokens);
  const api::Json json = api::to_json(view);
  if (context.json) {
    context.print_json(json);
  } else if (!context.screen.is_terminal && !context.quiet) {
    context.print_fields(json);
  }
  if (view.allowed) {
    if (context.screen.is_terminal && !context.json && !context.quiet) {
      std::string sentence =
          fmt::format("allowed: key '{}' may call {}; the call would hold {} and {} {}",
                      options.key,
                      options.model,
                      human_money(view.ask_usd),
                      human_count(view.ask_tokens),
                      view.ask_tokens == 1 ? "token" : "tokens");
      if (view.context_window) {
        sentence += fmt::format(
            "; but the prompt is longer than the {} tokens that the model takes, which is all that "
            "would be held for it: expect its provider to refuse it",
            human_count(*view.context_window));
      }
      for (const std::string& line : wrapped(printable(sentence), context.screen.width)) {
        context.out << line << '\n';
      }
    }
    return;
  }
  if (!context.json) throw Error(Errc::limit_reached, view.message, remedy(context, view, options));
  context.exit_code = exit_code(Errc::limit_reached);
}

}  // namespace

void add_check_command(CLI::App& root, Context& context) {
  auto options = std::make_shared<CheckOptions>();
  CLI::App* command = root.add_subcommand(
      "check", "would a call be allowed now, and if not, which limit says no (exit 6)");
  command->add_option("--key", options->key, "name, id, or unique beginning of an id")
      ->required()
      ->type_name("KEY");
  command->add_option("--model", options->model, "the model to call")
      ->required()
      ->type_name("MODEL");
  add_value(*command,
            "--tokens",
            "N",
            "tokens of its prompt (default 0)",
            [options](const std::string& value, const std::string& option) {
              options->tokens = read_whole(value, option);
            });
  add_output_options(*command, context);
  command->callback([&context, options] { check(context, *options); });
}

}  // namespace nufi::cli
