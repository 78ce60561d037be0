#include "cli/clipboard.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_keys.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>
#include <ostream>

namespace nufi::cli {

using domain::Change;
using domain::Enforce;
using domain::KeyTerms;
using domain::KeyView;

namespace {

constexpr const char* kKeyHelp = "name, id, or unique beginning of an id";

void add_key_options(CLI::App& command, Context& context, KeyTerms& terms) {
  const auto text =
      [&command](const char* name, const char* type, const char* help, Change<std::string>& field) {
        add_value(
            command, name, type, help, [&field](const std::string& value, const std::string&) {
              field = Change<std::string>::set(value);
            });
      };
  const auto count = [&command](const char* name, const char* help, Change<std::int64_t>& field) {
    add_value(
        command, name, "N", help, [&field](const std::string& value, const std::string& option) {
          field = change_of<std::int64_t>(value, option, read_count);
        });
  };
  const auto list = [&command](const char* name,
                               const char* type,
                               const char* help,
                               Change<std::vector<std::string>>& field) {
    add_values(command,
               name,
               type,
               help,
               [&field](const std::vector<std::string>& values, const std::string&) {
                 field = change_of_list(values);
               });
  };
  text("--name", "NAME", "unique among your live keys", terms.name);
  text("--project", "PROJECT", "the folder it lies in (default: default)", terms.project);
  text("--group", "GROUP", "pricing tier (default: default)", terms.group);
  add_limit_options(command, terms);
  count("--rpm", "most requests a minute, or none", terms.rpm);
  count("--tpm", "most tokens a minute, or none", terms.tpm);
  count("--max-parallel", "most calls at the same time, or none", terms.max_parallel);
  list("--model", "GLOB", "a model it may use, repeatable, or none for all", terms.allowed_models);
  list("--ip",
       "CIDR",
       "an address it may be used from, repeatable, or none for all",
       terms.allowed_ips);
  add_value(command,
            "--expires",
            "WHEN",
            "30d, 2026-12-31, 2026-12-31T10:00:00Z or never",
            [&context, &terms](const std::string& value, const std::string& option) {
              const bool never = value == "never" || value == "none" || value == "-1";
              terms.expires_at =
                  never ? Change<Timestamp>::clear()
                        : Change<Timestamp>::set(read_future(value, option, context.clock.now()));
            });
  add_value(command,
            "--enforce",
            "HOW",
            "strict (hold first) or soft (admit while spent < limit)",
            [&terms](const std::string& value, const std::string& option) {
              const std::string word = read_word(value, option, {"strict", "soft"});
              terms.enforce = Change<Enforce>::set(domain::enforce_from_name(word).value());
            });
  command.add_flag_function(
      "--trace,!--no-trace",
      [&terms](std::int64_t on) { terms.trace = Change<bool>::set(on > 0); },
      "keep prompts and answers of its calls");
}

struct CreateOptions {
  KeyTerms terms;
  bool env = false;
  bool copy = false;
};

std::string export_lines(const std::string& base_url, const KeyView& view) {
  return fmt::format("export OPENAI_BASE_URL={}\nexport OPENAI_API_KEY={}\n",
                     shell_word(base_url),
                     shell_word(view.secret ? view.secret->expose() : ""));
}

void create(Context& context, const CreateOptions& options) {
  api::Client& client = context.client();
  // All that can fail is tried before the key is made: it is shown only once.
  const Clipboard clipboard = options.copy ? find_clipboard(context) : Clipboard{};
  const bool for_people = context.screen.is_terminal && !context.json && !context.quiet;
  const std::string base_url =
      options.env || for_people ? client.status().inference_url : std::string();
  KeyTerms terms = options.terms;
  const std::string project = terms.project.sets() ? terms.project.value() : "default";
  terms.project = {};  // it is in the address
  const KeyView view = client.create_key(project, terms);
  const std::string secret = view.secret ? view.secret->expose() : "";
  if (context.json) {
    context.print_json(api::to_json(view));
  } else if (context.quiet) {
    context.out << secret << '\n';
  } else if (options.env) {
    context.out << export_lines(base_url, view);
  } else if (!for_people) {
    context.print_fields(api::to_json(view));
  } else {
    const std::string budget = view.standing.limits.budget
                                   ? ", budget " + human_budget(view.standing.limits.budget,
                                                                view.standing.limits.budget_period)
                                   : ", no budget";
    context.out << fmt::format("key '{}' ({}{})\n\n  {}\n\n",
                               printable(view.key.name),
                               view.key.id.text(),
                               budget,
                               toned(secret, Tone::strong, context.screen.colour));
    context.out << export_lines(base_url, view);
    context.note("\nnufi keeps no copy of the key: store it now");
  }
  if (options.copy) {
    context.out.flush();
    copy(context, clipboard, Secret(secret));
    context.note("copied to the clipboard");
  }
}

void add_create(CLI::App& keys, Context& context) {
  auto options = std::make_shared<CreateOptions>();
  CLI::App* command = keys.add_subcommand("create", "make a key; it is shown once");
  add_key_options(*command, context, options->terms);
  command->get_option("--name")->required();
  command->add_flag("--env", options->env, "print two export lines for eval");
  command->add_flag("--copy", options->copy, "copy the key to the clipboard as well");
  add_output_options(*command, context);
  command->callback([&context, options] { create(context, *options); });
}

void add_list(CLI::App& keys, Context& context) {
  auto query = std::make_shared<api::KeyQuery>();
  CLI::App* command = keys.add_subcommand("list", "your keys, what they spent and have left");
  command->add_flag("--all", query->all, "the keys of every account (admin)");
  command->add_flag("--archived", query->archived, "archived keys too");
  command->add_option("--project", query->project, "only of this project")->type_name("PROJECT");
  add_output_options(*command, context);
  command->callback([&context, query] {
    context.print(list_of_keys(context.client().keys(*query), query->all, context.clock.now()));
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
  add_verb(keys,
           context,
           "disable",
           "refuse its calls until it is enabled",
           [&context](const std::string& key) {
             print_done(context, context.client().disable_key(key), "is disabled");
           });
  add_verb(
      keys, context, "enable", "allow a disabled key again", [&context](const std::string& key) {
        print_done(context, context.client().enable_key(key), "is enabled");
      });
  CLI::App* revoke = add_verb(keys,
                              context,
                              "revoke",
                              "end a key for good, and its running streams",
                              [&context](const std::string& key) {
                                std::string name = key;
                                if (!context.yes && context.can_ask())
                                  name = context.client().key(key).key.name;
                                context.confirm(fmt::format("revoke key '{}' for good", name));
                                print_done(context, context.client().revoke_key(key), "is revoked");
                              });
  add_yes_option(*revoke, context);
}

}  // namespace nufi::cli
