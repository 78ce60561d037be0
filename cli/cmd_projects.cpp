#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/show_projects.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <memory>

namespace nufi::cli {

using domain::Change;
using domain::ProjectTerms;
using domain::ProjectView;

namespace {

void add_project_options(CLI::App& command, ProjectTerms& terms) {
  add_value(command,
            "--name",
            "NAME",
            "unique among your projects",
            [&terms](const std::string& value, const std::string&) {
              terms.name = Change<std::string>::set(value);
            });
  add_limit_options(command, terms);
  add_list(command,
           "--model",
           "GLOB",
           "a model its keys may use, repeatable, or none for all",
           terms.allowed_models);
}

void print_done(const Context& context, const ProjectView& view, const std::string& what) {
  context.print_done(api::to_json(view),
                     view.project.id.text(),
                     fmt::format("project '{}' {}", view.project.name, what));
}

const Naming kNaming{"PROJECT", "name or id"};

void add_create(CLI::App& projects, Context& context) {
  auto terms = std::make_shared<ProjectTerms>();
  CLI::App* command = projects.add_subcommand("create", "make a project");
  add_project_options(*command, *terms);
  add_new_name(*command, terms->name);
  add_output_options(*command, context);
  command->callback([&context, terms] {
    if (!terms->name.sets()) {
      throw Error(
          Errc::usage, "a project needs a name", "for example: nufi projects create agents");
    }
    print_done(context, context.client().create_project(*terms), "created");
  });
}

void add_list(CLI::App& projects, Context& context) {
  auto all = std::make_shared<bool>(false);
  CLI::App* command = projects.add_subcommand("list", "your projects and what they spent");
  command->add_flag("--all", *all, "the projects of every account (admin)");
  add_output_options(*command, context);
  command->callback(
      [&context, all] { context.print(list_of_projects(context.client().projects(*all), *all)); });
}

}  // namespace

void add_projects_commands(CLI::App& root, Context& context) {
  CLI::App& projects =
      *root.add_subcommand("projects", "folders of keys with a budget of their own");
  projects.require_subcommand(1);
  add_create(projects, context);
  add_list(projects, context);
  auto project = std::make_shared<std::string>();
  add_verb(projects, context, "show", "everything about one", kNaming, *project)
      ->callback([&context, project] {
        const ProjectView view = context.client().project(*project);
        context.print(
            api::to_json(view), view.project.id.text(), rows_of_project(view, context.clock.now()));
      });
  auto terms = std::make_shared<ProjectTerms>();
  CLI::App* edit = add_verb(projects,
                            context,
                            "edit",
                            "change its name, budget or models; the next call feels it",
                            kNaming,
                            *project);
  add_project_options(*edit, *terms);
  add_reset_spend_option(*edit, *terms);
  edit->callback([&context, project, terms] {
    require_change(api::to_json(*terms), "nufi projects edit");
    print_done(context, context.client().edit_project(*project, *terms), "changed");
  });
  CLI::App* remove = add_verb(
      projects, context, "delete", "take away one that has no usable keys", kNaming, *project);
  add_yes_option(*remove, context);
  remove->callback([&context, project] {
    std::string name = *project;
    if (!context.yes) name = context.client().project(*project).project.name;
    context.confirm(fmt::format("delete project '{}'", name));
    print_done(context, context.client().delete_project(*project), "is deleted");
  });
}

}  // namespace nufi::cli
