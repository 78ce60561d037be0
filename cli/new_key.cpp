#include "cli/new_key.hpp"

#include "cli/options.hpp"
#include "cli/show_keys.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <ostream>

namespace nufi::cli {

void add_new_key_options(CLI::App& command, Context& context, NewKeyOptions& options) {
  add_switch(command, "--env", "print two export lines for eval", options.env);
  add_switch(command, "--copy", "copy the key to the clipboard as well", options.copy);
  add_output_options(command, context);
}

NewKey::NewKey(Context& context, const NewKeyOptions& options)
    : context_(context), options_(options) {
  if (options.copy) clipboard_ = find_clipboard(context);
  for_people_ = context.screen.is_terminal && !context.json && !context.quiet;
  if (options.env || for_people_) base_url_ = context.client().status().inference_url;
}

void NewKey::print(const domain::KeyView& view,
                   const std::string& headline,
                   const std::string& advice) const {
  const std::string secret = view.secret ? view.secret->expose() : "";
  const std::string exports = fmt::format("export OPENAI_BASE_URL={}\nexport OPENAI_API_KEY={}\n",
                                          shell_word(base_url_),
                                          shell_word(secret));
  if (context_.json) {
    context_.print_json(api::to_json(view));
  } else if (context_.quiet) {
    context_.out << secret << '\n';
  } else if (options_.env) {
    context_.out << exports;
  } else if (!for_people_) {
    context_.print_fields(api::to_json(view));
  } else {
    context_.out << fmt::format("{}\n\n  {}\n\n{}{}",
                                printable(headline),
                                toned(secret, Tone::strong, context_.screen.colour),
                                advice.empty() ? "" : advice + "\n\n",
                                exports);
    context_.note("\nnufi keeps no copy of the key: store it now");
  }
  if (!options_.copy) return;
  context_.out.flush();
  copy(context_, clipboard_, Secret(secret));
  context_.note("copied to the clipboard");
}

}  // namespace nufi::cli
