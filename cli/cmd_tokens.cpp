#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_tokens.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <ostream>

namespace nufi::cli {

using domain::TokenTerms;
using domain::TokenView;

namespace {

const Naming kNaming{"TOKEN", "name or id"};

/// As a new key is shown: alone with --quiet, else with what it is for.
void print_new(const Context& context, const TokenView& view) {
  const std::string secret = view.secret ? view.secret->expose() : "";
  if (context.quiet && !context.json) {
    context.out << secret << '\n';
  } else if (context.json || !context.screen.is_terminal) {
    context.print(api::to_json(view), view.token.id.text(), {});
  } else {
    context.out << fmt::format("access token '{}' created\n\n  {}\n\n",
                               printable(view.token.name),
                               toned(secret, Tone::strong, context.screen.colour));
    context.note("it may do all that you may; nufi keeps no copy of it: store it now");
  }
}

void add_create(CLI::App& tokens, Context& context) {
  auto terms = std::make_shared<TokenTerms>();
  auto name = std::make_shared<domain::Change<std::string>>();
  CLI::App* command =
      tokens.add_subcommand("create", "make an access token, which is printed this once");
  add_text(*command, "--name", "NAME", "unique among your tokens", *name);
  add_value(*command,
            "--expires",
            "WHEN",
            "30d, 2026-12-31, 2026-12-31T10:00:00Z or never (default never)",
            [&context, terms](const std::string& value, const std::string& option) {
              if (value == "never" || value == "none" || value == "-1") return;
              terms->expires_at = read_future(value, option, context.clock.now());
            });
  add_new_name(*command, *name);
  add_output_options(*command, context);
  command->callback([&context, terms, name] {
    if (!name->sets()) {
      throw Error(Errc::usage,
                  "an access token needs a name",
                  "for example: nufi tokens create --name grafana --expires 90d");
    }
    terms->name = name->value();
    print_new(context, context.client().create_token(*terms));
  });
}

void add_revoke(CLI::App& tokens, Context& context) {
  auto word = std::make_shared<std::string>();
  CLI::App* command =
      add_verb(tokens, context, "revoke", "end one for good, at once", kNaming, *word);
  add_yes_option(*command, context);
  command->callback([&context, word] {
    std::string name = *word;
    if (!context.yes) name = context.client().token(*word).token.name;
    context.confirm(fmt::format("revoke access token '{}'", name));
    const TokenView view = context.client().revoke_token(*word);
    context.print_done(api::to_json(view),
                       view.token.id.text(),
                       fmt::format("access token '{}' is revoked", view.token.name));
  });
}

}  // namespace

void add_tokens_commands(CLI::App& root, Context& context) {
  CLI::App& tokens =
      *root.add_subcommand("tokens", "access to the management API over TCP (admin)");
  tokens.require_subcommand(1);
  add_create(tokens, context);
  CLI::App* list = tokens.add_subcommand("list", "all access tokens and when they were used");
  add_output_options(*list, context);
  list->callback([&context] {
    const auto all = context.client().tokens();
    context.print(list_of_tokens(all, context.clock.now()));
  });
  add_revoke(tokens, context);
}

}  // namespace nufi::cli
