#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "lib/base/text.hpp"

#include <CLI/CLI.hpp>

#include <memory>
#include <ostream>

namespace nufi::cli {

using api::Setting;

namespace {

api::Json json_of(const Setting& setting) {
  const std::string& value = setting.effective();
  return api::Json{
      {"name", setting.name},
      {"value", value.empty() ? api::Json(nullptr) : api::Json(value)},
      {"is_default", !setting.value},
      {"default", setting.fallback.empty() ? api::Json(nullptr) : api::Json(setting.fallback)},
      {"description", setting.description}};
}

void list(const Context& context, const std::vector<Setting>& settings) {
  Listing listing{[&settings] {
                    api::Json items = api::Json::array();
                    for (const Setting& setting : settings) items.push_back(json_of(setting));
                    return items;
                  },
                  {},
                  Table({{.title = "NAME"},
                         {.title = "VALUE", .shrinks_to = 10},
                         {.title = "DEFAULT", .rank = 1, .shrinks_to = 8},
                         {.title = "WHAT IT IS", .rank = 2, .shrinks_to = 20, .wraps = true}}),
                  "no settings"};
  for (const Setting& setting : settings) {
    listing.ids.push_back(setting.name);
    listing.table.add({text_cell(setting.name, Tone::strong),
                       text_cell(setting.effective(), setting.value ? Tone::plain : Tone::dim),
                       text_cell(setting.fallback, Tone::dim),
                       text_cell(setting.description)});
  }
  context.print(listing);
}

Setting find(const std::vector<Setting>& settings, const std::string& name) {
  std::vector<std::string> names;
  for (const Setting& setting : settings) {
    if (setting.name == name) return setting;
    names.push_back(setting.name);
  }
  const auto nearest = closest(name, names);
  throw Error(Errc::not_found,
              "no setting is called '" + name + "'",
              nearest ? "did you mean " + *nearest + "?" : "see them all: nufi config list");
}

void print_value(const Context& context, const Setting& setting) {
  if (context.json) {
    context.print_json(json_of(setting));
  } else {
    context.out << setting.effective() << '\n';
  }
}

}  // namespace

void add_config_commands(CLI::App& root, Context& context) {
  CLI::App& config = *root.add_subcommand("config", "settings that change while nufid runs");
  config.require_subcommand(1);
  auto name = std::make_shared<std::string>();
  auto value = std::make_shared<std::string>();
  CLI::App* get = config.add_subcommand("get", "the value of a setting");
  get->add_option("NAME", *name, "its name")->required()->type_name("");
  add_report_options(*get, context);
  get->callback(
      [&context, name] { print_value(context, find(context.client().settings(), *name)); });
  CLI::App* set = config.add_subcommand("set", "change a setting; none puts its default back");
  set->add_option("NAME", *name, "its name")->required()->type_name("");
  set->add_option("VALUE", *value, "its new value, or none")->required()->type_name("");
  add_report_options(*set, context);
  set->callback([&context, name, value] {
    api::Client& client = context.client();
    find(client.settings(), *name);
    client.set_setting(*name, *value == "none" ? std::nullopt : std::optional(*value));
    const Setting setting = find(client.settings(), *name);
    if (context.json) {
      print_value(context, setting);
    } else {
      context.note(printable(setting.name + " is " +
                             (setting.effective().empty() ? "not set" : setting.effective()) +
                             " now"));
      if (setting.name == "timezone") {
        context.note("budget periods follow it when nufid starts again: nufi restart");
      }
    }
  });
  CLI::App* all = config.add_subcommand("list", "all settings");
  add_output_options(*all, context);
  all->callback([&context] { list(context, context.client().settings()); });
}

}  // namespace nufi::cli
