#include "cli/commands.hpp"
#include "cli/key_options.hpp"
#include "cli/new_key.hpp"
#include "cli/options.hpp"
#include "cli/show_keys.hpp"
#include "lib/base/text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <ostream>

namespace nufi::cli {

using domain::KeyTerms;
using domain::KeyView;

namespace {

constexpr const char* kKeyHelp = "name, id, or unique beginning of an id";

struct CreateOptions {
  KeyTerms terms;
  NewKeyOptions output;
};

void create(Context& context, const CreateOptions& options) {
  if (!options.terms.name.sets()) {
    throw Error(Errc::usage, "a key needs a name", "for example: nufi keys create laptop");
  }
  const NewKey output(context, options.output);
  KeyTerms terms = options.terms;
  const std::string project = terms.project.sets() ? terms.project.value() : "default";
  terms.project = {};  // it is in the address
  const KeyView view = context.client().create_key(project, terms);
  const domain::SpendLimits& limits = view.standing.limits;
  const std::string budget =
      limits.budget ? "budget " + human_budget(limits.budget, limits.budget_period) : "no budget";
  output.print(view, fmt::format("key '{}' ({}, {})", view.key.name, view.key.id.text(), budget));
}

void add_create(CLI::App& keys, Context& context) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = keys.add_subcommand("create", "make a key; it is shown once");
  add_key_options(*command, context, options->terms);
  add_new_name(*command, options->terms.name);
  add_new_key_options(*command, context, options->output);
  command->callback([&context, options] { create(context, *options); });
}

struct RotateOptions {
  std::string key;
  std::optional<std::chrono::seconds> overlap;  ///< none: it was not said
  NewKeyOptions output;
};

/// A person is asked, as programs may use the secret that ends; a script in a pipe goes on, for the
/// key itself lives and its new secret is what was asked for.
void confirm_rotation(Context& context, const RotateOptions& options) {
  if (options.overlap || context.yes || !context.can_ask()) return;
  const std::string name = context.client().key(options.key).key.name;
  context.confirm(
      fmt::format("rotate key '{}', whose secret ends at once without --overlap 24h", name));
}

void rotate(Context& context, const RotateOptions& options) {
  const NewKey output(context, options.output);
  confirm_rotation(context, options);
  const KeyView view =
      context.client().rotate_key(options.key, options.overlap.value_or(std::chrono::seconds(0)));
  const auto end = domain::overlap_end(view.key);
  const std::string old = end ? "works until " + format_rfc3339(*end) : "has ended";
  output.print(view,
               fmt::format("key '{}' ({}) has a new secret; the old one {}",
                           view.key.name,
                           view.key.id.text(),
                           old));
}

void add_rotate(CLI::App& keys, Context& context) {
  auto options = std::make_shared<RotateOptions>();
  CLI::App* command = keys.add_subcommand(
      "rotate", "give a key another secret; limits and spending stay; it is shown once");
  command->add_option("KEY", options->key, kKeyHelp)->required()->type_name("");
  add_value(*command,
            "--overlap",
            "TIME",
            "how long the old secret works on, like 24h (default: it ends at once)",
            [options](const std::string& value, const std::string& option) {
              options->overlap = read_span(value, option);
            });
  add_new_key_options(*command, context, options->output);
  add_yes_option(*command, context);
  command->callback([&context, options] { rotate(context, *options); });
}

void add_list(CLI::App& keys, Context& context) {
  auto query = std::make_shared<api::KeyQuery>();
  CLI::App* command = keys.add_subcommand("list", "your keys, what they spent and have left");
  command->add_flag("--all", query->all, "the keys of every account (admin)");
  command->add_flag("--archived", query->archived, "only the archived keys");
  command->add_option("--project", query->project, "only of this project")->type_name("PROJECT");
  add_output_options(*command, context);
  command->callback([&context, query] {
    const auto found = context.client().keys(*query);
    Listing listing = list_of_keys(found, query->all, context.clock.now());
    if (query->archived) listing.when_empty = "no key is archived";
    context.print(listing);
  });
}

/// A verb with one KEY that does `act` and prints what came of it.
using Act = std::function<void(const std::string& key)>;
CLI::App* add_verb(CLI::App& keys,
                   Context& context,
                   const std::string& verb,
                   const std::string& help,
                   const Act& act) {
  auto key = std::make_shared<std::string>();
  CLI::App* command = keys.add_subcommand(verb, help);
  command->add_option("KEY", *key, kKeyHelp)->required()->type_name("");
  add_output_options(*command, context);
  command->callback([act, key] { act(*key); });
  return command;
}

void print_done(const Context& context, const KeyView& view, const std::string& what) {
  context.print_done(
      api::to_json(view), view.key.id.text(), fmt::format("key '{}' {}", view.key.name, what));
}

/// A verb that changes one key by one call.
using Move = KeyView (api::Client::*)(const std::string& key);
CLI::App* add_move(CLI::App& keys,
                   Context& context,
                   const std::string& verb,
                   const std::string& help,
                   Move move,
                   const std::string& what) {
  return add_verb(keys, context, verb, help, [&context, move, what](const std::string& key) {
    print_done(context, (context.client().*move)(key), what);
  });
}

/// Asks before `verb` is done to a key, by its name; one that is not there is said first.
void confirm_for_good(Context& context, const std::string& verb, const std::string& key) {
  if (context.yes) return;
  const std::string name = context.client().key(key).key.name;
  context.confirm(fmt::format("{} key '{}' for good", verb, name));
}

void revoke_all(Context& context) {
  const std::vector<KeyView> keys = context.client().keys({});
  const auto live = std::count_if(
      keys.begin(), keys.end(), [](const KeyView& view) { return is_live(view.state); });
  const auto count_text = [](std::int64_t count) {
    return fmt::format("{} {}", human_count(count), count == 1 ? "live key" : "live keys");
  };
  if (live > 0) context.confirm(fmt::format("revoke all your {} for good", count_text(live)));
  const std::vector<KeyView> revoked = context.client().revoke_all_keys();
  if (context.json || context.quiet) {
    context.print(list_of_keys(revoked, /*with_account=*/false, context.clock.now()));
    return;
  }
  const auto count = static_cast<std::int64_t>(revoked.size());
  context.note(count == 0
                   ? "there is no live key of yours to revoke"
                   : fmt::format("{} {} revoked", count_text(count), count == 1 ? "is" : "are"));
}

void add_revoke(CLI::App& keys, Context& context) {
  struct Options {
    std::string key;
    bool all = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = keys.add_subcommand("revoke", "end a key for good, and its running streams");
  CLI::Option* key = command->add_option("KEY", options->key, kKeyHelp)->type_name("");
  command->add_flag("--all", options->all, "every live key of yours")->excludes(key);
  add_yes_option(*command, context);
  add_output_options(*command, context);
  command->callback([&context, options] {
    if (options->all) return revoke_all(context);
    if (options->key.empty())
      throw Error(Errc::usage, "KEY is required", "or --all, for every live key of yours");
    confirm_for_good(context, "revoke", options->key);
    print_done(context, context.client().revoke_key(options->key), "is revoked");
  });
}

}  // namespace

void add_keys_commands(CLI::App& root, Context& context) {
  CLI::App& keys = *root.add_subcommand("keys", "make, limit and revoke keys");
  keys.require_subcommand(1);
  add_create(keys, context);
  add_list(keys, context);
  add_verb(keys, context, "show", "everything about a key", [&context](const std::string& key) {
    const KeyView view = context.client().key(key);
    context.print(api::to_json(view), view.key.id.text(), rows_of_key(view, context.clock.now()));
  });
  auto terms = std::make_shared<KeyTerms>();
  CLI::App* edit =
      add_verb(keys,
               context,
               "edit",
               "change a key; the next call feels it",
               [&context, terms](const std::string& key) {
                 require_change(api::to_json(*terms), "nufi keys edit");
                 print_done(context, context.client().edit_key(key, *terms), "changed");
               });
  add_key_options(*edit, context, *terms);
  add_reset_spend_option(*edit, *terms);
  using api::Client;
  add_move(keys,
           context,
           "disable",
           "refuse its calls until it is enabled",
           &Client::disable_key,
           "is disabled");
  add_move(
      keys, context, "enable", "allow a disabled key again", &Client::enable_key, "is enabled");
  add_rotate(keys, context);
  add_revoke(keys, context);
  add_move(keys,
           context,
           "archive",
           "hide a revoked or expired key from the list",
           &Client::archive_key,
           "is archived");
  add_move(keys,
           context,
           "unarchive",
           "show an archived key in the list again",
           &Client::unarchive_key,
           "is in the list again");
  CLI::App* remove = add_verb(keys,
                              context,
                              "delete",
                              "take a key away, a live one at once; its calls stay in the reports",
                              [&context](const std::string& key) {
                                confirm_for_good(context, "delete", key);
                                print_done(context, context.client().delete_key(key), "is deleted");
                              });
  add_yes_option(*remove, context);
}

}  // namespace nufi::cli
