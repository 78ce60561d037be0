#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_prices.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace nufi::cli {

namespace {

/// Of upstreams that take models whose names nobody has told nufid.
void note_unknown(const Context& context,
                  const std::vector<domain::ModelView>& models,
                  const std::vector<domain::UpstreamView>& upstreams) {
  for (const domain::UpstreamView& view : upstreams) {
    const std::string& name = view.upstream.name;
    const bool is_listed = std::any_of(models.begin(), models.end(), [&](const auto& model) {
      return std::find(model.upstreams.begin(), model.upstreams.end(), name) !=
             model.upstreams.end();
    });
    const auto& globs = view.upstream.models;
    // A model that somebody set a price for is listed at whoever takes every name.
    const bool takes_all = globs.empty() && view.upstream.provider.empty();
    if (is_listed && !takes_all) continue;
    const std::string takes =
        globs.empty() ? "every model name" : fmt::format("models like {}", fmt::join(globs, ", "));
    context.note(printable(
        fmt::format("'{0}' takes {1}; what it has: nufi upstreams test {0}", name, takes)));
    context.note(printable("to list them here: nufi upstreams edit " + name + " --model MODEL"));
  }
}

}  // namespace

void add_models_command(CLI::App& root, Context& context) {
  CLI::App* command = root.add_subcommand(
      "models", "what can be called, and what it costs (USD per million tokens)");
  add_output_options(*command, context);
  command->callback([&context] {
    const auto models = context.client().models();
    Listing listing = list_of_models(models);
    if (context.json || context.quiet) return context.print(listing);
    const auto upstreams = context.client().upstreams();
    if (!upstreams.empty()) listing.when_empty = "no model is known by its name";
    context.print(listing);
    note_unknown(context, models, upstreams);
  });
}

}  // namespace nufi::cli
