#include "cli/ask_upstream.hpp"
#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_upstreams.hpp"
#include "lib/base/text.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <filesystem>
#include <istream>
#include <memory>
#include <ostream>

namespace nufi::cli {

using domain::Change;
using domain::SecretKind;
using domain::UpstreamTerms;

namespace {

struct UpstreamOptions {
  std::string name;
  UpstreamTerms terms;
  bool key_from_stdin = false;
  bool no_key = false;
};

std::string absolute(const std::string& path) {
  // nufid has another working folder than the person who types.
  return std::filesystem::absolute(path).lexically_normal().string();
}

/// The ways to give the secret, one at most; there is none that takes it as an argument.
void add_secret_options(CLI::App& command, UpstreamOptions& options) {
  UpstreamTerms& terms = options.terms;
  const auto reference = [&](const char* name,
                             const char* type,
                             const char* help,
                             SecretKind kind) {
    return add_value(
        command, name, type, help, [&terms, kind](const std::string& value, const std::string&) {
          const bool is_path = kind == SecretKind::file;
          terms.secret_kind = Change<SecretKind>::set(kind);
          terms.secret_reference = Change<std::string>::set(is_path ? absolute(value) : value);
        });
  };
  const std::array<CLI::Option*, 5> ways = {
      reference(
          "--key-env", "VARIABLE", "nufid reads the secret from its environment", SecretKind::env),
      reference("--key-file", "FILE", "nufid reads the secret from a file", SecretKind::file),
      reference("--key-command",
                "COMMAND",
                "nufid runs a command that prints the secret",
                SecretKind::command),
      command.add_flag("--key-stdin",
                       options.key_from_stdin,
                       "read the secret from standard input; nufid keeps it encrypted"),
      command.add_flag("--no-key", options.no_key, "it needs no secret")};
  for (CLI::Option* way : ways) {
    for (CLI::Option* other : ways) {
      if (way != other) way->excludes(other);
    }
  }
}

void add_upstream_options(CLI::App& command, UpstreamOptions& options) {
  UpstreamTerms& terms = options.terms;
  using Pairs = std::vector<std::pair<std::string, std::string>>;
  const auto pairs =
      [&command](const char* name, const char* type, const char* help, Change<Pairs>& field) {
        add_values(command,
                   name,
                   type,
                   help,
                   [&field](const std::vector<std::string>& values, const std::string& option) {
                     field = is_none(values, option)
                                 ? Change<Pairs>::clear()
                                 : Change<Pairs>::set(read_pairs(values, option));
                   });
      };
  add_value(command,
            "--url",
            "URL",
            "base URL, e.g. https://api.openai.com/v1",
            [&terms](const std::string& value, const std::string&) {
              terms.url = Change<std::string>::set(value);
            });
  add_secret_options(command, options);
  add_list(
      command, "--model", "GLOB", "a model it serves, repeatable, or none for all", terms.models);
  pairs("--alias", "NAME=REAL", "a name that clients use for a model, repeatable", terms.aliases);
  pairs(
      "--header", "NAME=VALUE", "extra request header, repeatable; not for secrets", terms.headers);
  add_list(command,
           "--group",
           "GROUP",
           "a group that may use it, repeatable, or none for all",
           terms.groups);
  add_whole(command, "--priority", "higher ones are tried first (default 0)", terms.priority);
  add_whole(command, "--weight", "share among equal priorities (default 1)", terms.weight);
  add_whole(command, "--max-connections", "most connections to it, or none", terms.max_connections);
  add_value(command,
            "--ca-file",
            "FILE",
            "more roots to trust (PEM), or none",
            [&terms](const std::string& value, const std::string&) {
              terms.ca_file = value == "none" ? Change<std::string>::clear()
                                              : Change<std::string>::set(absolute(value));
            });
  command.add_flag_function(
      "--free,!--no-free",
      [&terms](std::int64_t on) { terms.free = Change<bool>::set(on > 0); },
      "its calls cost nothing");
}

void store_secret(UpstreamTerms& terms, Secret secret) {
  if (secret.empty()) throw Error(Errc::usage, "the secret is empty", "or say --no-key");
  terms.secret_kind = Change<SecretKind>::set(SecretKind::stored);
  terms.secret_text = Change<Secret>::set(std::move(secret));
}

/// Reads the secret from where the options say. At a terminal nobody else may read it.
void take_secret(const Context& context, UpstreamOptions& options) {
  if (options.no_key) options.terms.secret_kind = Change<SecretKind>::set(SecretKind::none);
  if (!options.key_from_stdin) return;
  std::string line;
  if (context.in_is_terminal) {
    const std::string whose =
        options.name.empty() ? "its secret" : "secret of '" + options.name + "'";
    line = context.ask_secret(printable(whose) + " (is not shown): ").expose();
  } else {
    std::getline(context.in, line);
  }
  store_secret(options.terms, Secret(std::string(trim(line))));
}

/// For a new upstream of which the options do not say all. True if a person was asked.
bool ask_for_rest(Context& context, UpstreamTerms& terms) {
  const domain::Preset* known =
      terms.preset.sets() ? domain::find_preset(terms.preset.value()) : nullptr;
  const bool needs_no_key = known != nullptr && !known->needs_key;
  const bool has_place = terms.url.sets() || terms.preset.sets();
  if (needs_no_key && !terms.secret_kind.sets()) {
    terms.secret_kind = Change<SecretKind>::set(SecretKind::none);
  }
  if (terms.name.sets() && has_place && terms.secret_kind.sets()) return false;
  if (!context.can_ask()) {
    if (!terms.name.sets()) {
      throw Error(Errc::usage, "it is not said how it is called", "say: nufi upstreams add NAME …");
    }
    if (!has_place) throw Error(Errc::usage, "it is not said where it is", "add --url or --preset");
    throw Error(Errc::usage,
                "it is not said where the secret of '" + terms.name.value() + "' is",
                known == nullptr || known->key_env.empty()
                    ? "add --key-env, --key-file, --key-stdin, --key-command or --no-key"
                    : fmt::format("add --key-env {} if nufid has it, or --key-file, --key-stdin or "
                                  "--key-command",
                                  known->key_env));
  }
  Interview interview(context);
  if (!ask_for_upstream(context, interview, terms)) {
    throw Error(Errc::usage, "nothing was done", "all it needs can be options: --help");
  }
  return true;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const domain::Preset& preset : domain::presets()) names.emplace_back(preset.name);
  return names;
}

void print_done(const Context& context, const domain::UpstreamView& view, const char* what) {
  context.print_done(api::to_json(view),
                     view.upstream.id.text(),
                     fmt::format("upstream '{}' {}", view.upstream.name, what));
}

const Naming kNaming{"NAME", "name of the upstream"};

void try_out(Context& context, const std::string& name, const std::string& model) {
  const auto steps = context.client().test_upstream(name, model);
  context.print(list_of_steps(steps));
  for (const domain::ProbeStep& step : steps) {
    if (!step.hint.empty()) context.note(printable(step.name + ": " + step.hint));
    if (step.result == domain::ProbeResult::failed) context.exit_code = exit_code(Errc::upstream);
  }
}

/// What to know of a new one, for people.
void follow_up(Context& context, const domain::UpstreamView& view, bool was_asked) {
  const std::string& name = view.upstream.name;
  if (was_asked) {
    Interview interview(context);
    const Trial trial = try_upstream(context, interview, name);
    if (!trial.answers) context.exit_code = exit_code(Errc::upstream);
    return note_unlisted(context, view);
  }
  note_shortcomings(context, view);
  context.note("try it with: nufi upstreams test " + name);
}

void add(Context& context, UpstreamOptions& options) {
  UpstreamTerms& terms = options.terms;
  if (!options.name.empty()) terms.name = Change<std::string>::set(options.name);
  take_secret(context, options);
  const bool was_asked = ask_for_rest(context, terms);
  const auto view = context.client().add_upstream(terms);
  print_done(context, view, "added");
  if (!view.secret_problem.empty()) {
    context.err << "warning: its secret can't be read: " << printable(view.secret_problem) << '\n';
  } else if (!context.json && !context.quiet) {
    if (view.upstream.free && !terms.free.sets()) {
      context.note("its calls cost nothing; if they do: nufi upstreams edit " + view.upstream.name +
                   " --no-free");
    }
    follow_up(context, view, was_asked);
  }
}

void add_add(CLI::App& upstreams, Context& context) {
  auto options = std::make_shared<UpstreamOptions>();
  CLI::App* command =
      add_verb(upstreams, context, "add", "add a provider endpoint", kNaming, options->name);
  std::string presets;
  for (const std::string& name : preset_names()) presets += (presets.empty() ? "" : ", ") + name;
  add_choice(*command,
             "--preset",
             "PRESET",
             "a known provider: " + presets,
             preset_names(),
             [options_of = options.get()](const std::string& word) {
               options_of->terms.preset = Change<std::string>::set(word);
             });
  add_upstream_options(*command, *options);
  command->get_option("NAME")->required(false);
  command->callback([&context, options] { add(context, *options); });
}

void add_edit(CLI::App& upstreams, Context& context) {
  auto options = std::make_shared<UpstreamOptions>();
  CLI::App* command = add_verb(upstreams, context, "edit", "change it", kNaming, options->name);
  add_value(*command,
            "--name",
            "NAME",
            "its new name",
            [options_of = options.get()](const std::string& value, const std::string&) {
              options_of->terms.name = Change<std::string>::set(value);
            });
  add_upstream_options(*command, *options);
  command->callback([&context, options] {
    take_secret(context, *options);
    require_change(api::to_json(options->terms), "nufi upstreams edit");
    print_done(context, context.client().edit_upstream(options->name, options->terms), "changed");
  });
}

/// What to do with servers that are no upstreams yet.
void note_next(const Context& context, const std::vector<domain::LocalServer>& servers, bool add) {
  bool can_add = false;
  for (const domain::LocalServer& server : servers) {
    const std::string url = printable(server.url);
    if (!server.upstream.empty()) continue;
    if (server.preset.empty()) {
      context.note("not known; if you trust it: nufi upstreams add NAME --url " + url +
                   " --no-key");
    } else if (server.needs_key) {
      context.note(fmt::format("nufi upstreams add {0} --preset {0} --url {1} --key-stdin",
                               printable(server.preset),
                               url));
    } else if (server.models.empty()) {
      context.note(printable(server.preset) + " has no model yet: load or pull one there");
    } else {
      can_add = true;
    }
  }
  if (can_add && !add) context.note("add them with: nufi upstreams discover --add");
}

void add_discover(CLI::App& upstreams, Context& context) {
  struct Options {
    bool add = false;
    std::vector<std::int64_t> ports;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command =
      upstreams.add_subcommand("discover", "find model servers on the machine of nufid");
  add_output_options(*command, context);
  add_switch(*command, "--add", "make upstreams of those that are none yet", options->add);
  add_values(
      *command,
      "--port",
      "PORT",
      "look there instead of where Ollama, llama-server, LM Studio and vLLM listen, repeatable",
      [options_of = options.get()](const std::vector<std::string>& values,
                                   const std::string& option) {
        for (const std::string& value : values) {
          options_of->ports.push_back(read_count(value, option));
        }
      });
  command->callback([&context, options] {
    const auto servers = context.client().discover_upstreams(options->ports, options->add);
    const Listing listing = list_of_servers(servers);
    context.print(listing);
    if (context.json) return;
    if (servers.empty() && !context.screen.is_terminal) context.note(listing.when_empty);
    note_next(context, servers, options->add);
  });
}

}  // namespace

void add_upstreams_commands(CLI::App& root, Context& context) {
  CLI::App& upstreams = *root.add_subcommand("upstreams", "the providers that calls go to");
  upstreams.require_subcommand(1);
  add_add(upstreams, context);
  CLI::App* list = upstreams.add_subcommand("list", "all upstreams and their health");
  add_output_options(*list, context);
  list->callback([&context] {
    const auto all = context.client().upstreams();
    context.print(list_of_upstreams(all));
    note_problems(context, all);
  });
  auto name = std::make_shared<std::string>();
  add_verb(upstreams, context, "show", "everything about one", kNaming, *name)
      ->callback([&context, name] {
        const auto view = context.client().upstream(*name);
        context.print(api::to_json(view), view.upstream.id.text(), rows_of_upstream(view));
      });
  add_edit(upstreams, context);
  auto model = std::make_shared<std::string>();
  CLI::App* tries = add_verb(
      upstreams, context, "test", "really call it: models, a chat, a stream", kNaming, *name);
  tries->add_option("--model", *model, "the model to call (default: one it serves)")
      ->type_name("MODEL");
  tries->callback([&context, name, model] { try_out(context, *name, *model); });
  add_discover(upstreams, context);
  CLI::App* remove =
      add_verb(upstreams, context, "remove", "forget it and its secret", kNaming, *name);
  add_yes_option(*remove, context);
  remove->callback([&context, name] {
    domain::UpstreamView view;
    if (!context.yes || context.quiet) view = context.client().upstream(*name);
    const std::string shown = view.upstream.name.empty() ? *name : view.upstream.name;
    context.confirm("remove upstream '" + shown + "'");
    context.client().remove_upstream(*name);
    context.print_done(api::Json{{"name", shown}, {"removed", true}},
                       view.upstream.id.text(),
                       "upstream '" + shown + "' removed");
  });
}

}  // namespace nufi::cli
