#include "cli/commands.hpp"
#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace nufi::cli {

using domain::Change;
using domain::GroupTerms;
using domain::GroupView;
using domain::Multiplier;

namespace {

Multiplier read_multiplier(const std::string& value, const std::string& option) {
  const auto multiplier = domain::parse_multiplier(value);
  if (!multiplier) {
    throw Error(Errc::usage, option + " must be a number above 0, at most 1000", "for example 1.5");
  }
  return *multiplier;
}

void add_group_options(CLI::App& command, GroupTerms& terms) {
  const auto count = [&command](const char* name, const char* help, Change<std::int64_t>& field) {
    add_value(
        command, name, "N", help, [&field](const std::string& value, const std::string& option) {
          field = change_of<std::int64_t>(value, option, read_count);
        });
  };
  add_value(command,
            "--name",
            "NAME",
            "unique among the groups",
            [&terms](const std::string& value, const std::string&) {
              terms.name = Change<std::string>::set(value);
            });
  add_value(command,
            "--multiplier",
            "X",
            "what its keys pay, as a multiple of the price: 1.5",
            [&terms](const std::string& value, const std::string& option) {
              terms.multiplier = change_of<Multiplier>(value, option, read_multiplier);
            });
  add_list(command,
           "--model",
           "GLOB",
           "a model its keys may use, repeatable, or none for all",
           terms.allowed_models);
  count("--rpm", "most requests a minute of each key, or none", terms.rpm);
  count("--tpm", "most tokens a minute of each key, or none", terms.tpm);
  count("--max-parallel", "most calls at once of each key, or none", terms.max_parallel);
  add_list(command,
           "--upstream",
           "NAME",
           "an upstream its keys may use, repeatable, or none for all",
           terms.upstreams);
}

Cell multiplier_cell(const GroupView& view) {
  const std::string text = domain::format_multiplier(view.group.multiplier);
  return {"× " + text, text};
}

Listing list_of_groups(const std::vector<GroupView>& groups) {
  Listing listing{items_of(groups),
                  {},
                  Table({{.title = "GROUP", .shrinks_to = 12},
                         {.title = "PRICE", .align = Align::right},
                         {.title = "KEYS", .align = Align::right, .rank = 4},
                         {.title = "RPM", .align = Align::right, .rank = 3},
                         {.title = "TPM", .align = Align::right, .rank = 3},
                         {.title = "MODELS", .rank = 1, .shrinks_to = 8},
                         {.title = "UPSTREAMS", .rank = 2, .shrinks_to = 8},
                         {.title = "ID", .only_raw = true}}),
                  "no groups"};
  for (const GroupView& view : groups) {
    const domain::Group& group = view.group;
    listing.ids.push_back(group.id.text());
    listing.table.add({text_cell(group.name, Tone::strong),
                       multiplier_cell(view),
                       count_cell(view.live_keys),
                       count_cell(group.rpm),
                       count_cell(group.tpm),
                       list_cell(group.allowed_models, "all"),
                       list_cell(group.upstreams, "all"),
                       text_cell(group.id.text())});
  }
  return listing;
}

Context::Rows rows_of_group(const GroupView& view, Timestamp now) {
  const domain::Group& group = view.group;
  return {{"group", text_cell(group.name, Tone::strong)},
          {"id", text_cell(group.id.text())},
          {"price", multiplier_cell(view)},
          {"live keys", count_cell(view.live_keys)},
          {"requests/min", count_cell(group.rpm)},
          {"tokens/min", count_cell(group.tpm)},
          {"in parallel", count_cell(group.max_parallel)},
          {"models", list_cell(group.allowed_models, "all")},
          {"upstreams", list_cell(group.upstreams, "all")},
          {"created", ago_cell(group.created_at, now)}};
}

void print_done(const Context& context, const GroupView& view, const std::string& what) {
  context.print_done(api::to_json(view),
                     view.group.id.text(),
                     fmt::format("group '{}' {}", view.group.name, what));
}

const Naming kNaming{"GROUP", "name or id"};

void add_create(CLI::App& groups, Context& context) {
  auto terms = std::make_shared<GroupTerms>();
  CLI::App* command = groups.add_subcommand("create", "make a group");
  add_group_options(*command, *terms);
  add_new_name(*command, terms->name);
  add_output_options(*command, context);
  command->callback([&context, terms] {
    if (!terms->name.sets()) {
      throw Error(Errc::usage, "a group needs a name", "for example: nufi groups create team");
    }
    print_done(context, context.client().create_group(*terms), "created");
  });
}

}  // namespace

void add_groups_commands(CLI::App& root, Context& context) {
  CLI::App& groups = *root.add_subcommand("groups", "pricing tiers of keys (admin)");
  groups.require_subcommand(1);
  add_create(groups, context);
  CLI::App* list = groups.add_subcommand("list", "all groups");
  add_output_options(*list, context);
  list->callback([&context] { context.print(list_of_groups(context.client().groups())); });
  auto group = std::make_shared<std::string>();
  add_verb(groups, context, "show", "everything about one", kNaming, *group)
      ->callback([&context, group] {
        const GroupView view = context.client().group(*group);
        context.print(
            api::to_json(view), view.group.id.text(), rows_of_group(view, context.clock.now()));
      });
  auto terms = std::make_shared<GroupTerms>();
  CLI::App* edit = add_verb(groups,
                            context,
                            "edit",
                            "change a group; the next call of its keys feels it",
                            kNaming,
                            *group);
  add_group_options(*edit, *terms);
  edit->callback([&context, group, terms] {
    require_change(api::to_json(*terms), "nufi groups edit");
    print_done(context, context.client().edit_group(*group, *terms), "changed");
  });
  CLI::App* remove =
      add_verb(groups, context, "delete", "take away one that has no usable keys", kNaming, *group);
  add_yes_option(*remove, context);
  remove->callback([&context, group] {
    std::string name = *group;
    if (!context.yes) name = context.client().group(*group).group.name;
    context.confirm(fmt::format("delete group '{}'", name));
    print_done(context, context.client().delete_group(*group), "is deleted");
  });
}

}  // namespace nufi::cli
