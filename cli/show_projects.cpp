#include "cli/show_projects.hpp"

#include "cli/show_keys.hpp"

#include <nlohmann/json.hpp>

namespace nufi::cli {

using domain::Money;
using domain::ProjectView;

Listing list_of_projects(const std::vector<ProjectView>& projects, bool with_account) {
  Listing listing{items_of(projects),
                  {},
                  Table({{.title = "PROJECT", .shrinks_to = 12},
                         {.title = "KEYS", .align = Align::right, .rank = 3},
                         {.title = "SPENT", .align = Align::point},
                         {.title = "BUDGET", .align = Align::point},
                         {.title = "LEFT", .align = Align::point, .rank = 4},
                         {.title = "MODELS", .rank = 1, .shrinks_to = 8},
                         {.title = "ACCOUNT", .rank = 5, .only_raw = !with_account},
                         {.title = "ID", .only_raw = true},
                         {.title = "BUDGET PERIOD", .only_raw = true}}),
                  "no projects"};
  for (const ProjectView& view : projects) {
    const domain::Project& project = view.project;
    listing.ids.push_back(project.id.text());
    listing.table.add(
        {text_cell(project.name, Tone::strong),
         count_cell(view.live_keys),
         money_cell(Money::nanos(view.standing.usd.spent)),
         budget_cell(view.standing.limits),
         remaining_cell(view.standing),
         list_cell(project.allowed_models, "all"),
         text_cell(view.account),
         text_cell(project.id.text()),
         text_cell(std::string(domain::period_name(view.standing.limits.budget_period)))});
  }
  return listing;
}

Context::Rows rows_of_project(const ProjectView& view, Timestamp now) {
  const domain::Project& project = view.project;
  Context::Rows rows{{"project", text_cell(project.name, Tone::strong)},
                     {"id", text_cell(project.id.text())},
                     {"account", text_cell(view.account)},
                     {"live keys", count_cell(view.live_keys)}};
  add_standing_rows(rows, view.standing, now);
  rows.emplace_back("models", list_cell(project.allowed_models, "all"));
  rows.emplace_back("created", ago_cell(project.created_at, now));
  return rows;
}

}  // namespace nufi::cli
