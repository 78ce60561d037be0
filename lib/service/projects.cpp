#include "lib/service/projects.hpp"

#include "lib/base/error.hpp"
#include "lib/service/audit.hpp"
#include "lib/service/key_terms.hpp"
#include "lib/service/names.hpp"
#include "lib/service/publisher.hpp"
#include "lib/service/spending.hpp"

#include <map>
#include <mutex>

namespace nufi::service {

namespace {

using domain::Project;
using domain::Scope;

Facts facts_of(const Names& names, const Project& project) {
  Facts facts;
  facts.text("name", project.name).text("account", names.account(project.account));
  return facts.limits(project.limits).list("allowed_models", project.allowed_models);
}

domain::ProjectView view_of(const Context& context,
                            const Names& names,
                            Project project,
                            const std::map<domain::ProjectId, std::int64_t>& live_keys) {
  domain::ProjectView view;
  view.account = names.account(project.account);
  view.standing = standing_of(context.ledger, Scope::project, project.id.text(), project.limits);
  const auto found = live_keys.find(project.id);
  if (found != live_keys.end()) view.live_keys = found->second;
  view.project = std::move(project);
  return view;
}

domain::ProjectView view_of(const Context& context, const Names& names, Project project) {
  const auto live_keys = context.store.people().live_keys_by_project(project.account);
  return view_of(context, names, std::move(project), live_keys);
}

void apply(const domain::ProjectTerms& terms, Project& project) {
  if (terms.name.clears()) throw Error(Errc::invalid, "name must be the name of a project");
  const bool is_new = project.name.empty();
  if (terms.name.sets() && (is_new || terms.name.value() != project.name)) {
    if (project.name == domain::kDefaultName) {
      throw Error(Errc::conflict,
                  "the project default can't be renamed",
                  "make another one with: nufi projects create");
    }
    check_name(terms.name.value(), domain::ProjectTag::kPrefix);
    project.name = terms.name.value();
  }
  apply(SpendTerms{terms.budget, terms.budget_period, terms.token_limit, terms.token_limit_period},
        project.limits);
  if (terms.allowed_models.sets()) check_models(terms.allowed_models.value(), "allowed_models");
  terms.allowed_models.apply_to(project.allowed_models);
}

}  // namespace

domain::ProjectView create_project(const Context& context,
                                   const Actor& actor,
                                   const domain::ProjectTerms& terms) {
  if (!terms.name.sets()) {
    throw Error(Errc::invalid, "a project needs a name", "for example agents");
  }
  if (terms.reset_spend) {
    throw Error(Errc::invalid, "a new project has nothing spent to reset");
  }
  const std::lock_guard lock(context.changes);
  Project project;
  project.id = domain::ProjectId::random();
  project.account = actor.account;
  project.created_at = context.clock.now();
  apply(terms, project);
  const Names names(context.store.people());
  context.store.people().insert_project(project,
                                        audit_change(context,
                                                     actor,
                                                     "project.create",
                                                     {project.id.text(), project.name},
                                                     {},
                                                     facts_of(names, project)));
  start_windows(context.ledger, Scope::project, project.id.text(), project.limits);
  context.publisher.publish_world();
  return view_of(context, names, std::move(project));
}

std::vector<domain::ProjectView> list_projects(const Context& context,
                                               const Actor& actor,
                                               bool everyone) {
  if (everyone) require_admin(actor, "see everyone's projects");
  const Names names(context.store.people());
  const auto live_keys = context.store.people().live_keys_by_project(
      everyone ? std::nullopt : std::optional(actor.account));
  std::vector<domain::ProjectView> views;
  for (Project& project : context.store.people().projects()) {
    if (!everyone && project.account != actor.account) continue;
    views.push_back(view_of(context, names, std::move(project), live_keys));
  }
  return views;
}

domain::ProjectView show_project(const Context& context,
                                 const Actor& actor,
                                 std::string_view word) {
  const Names names(context.store.people());
  return view_of(context, names, names.find_project(actor, word));
}

domain::ProjectView edit_project(const Context& context,
                                 const Actor& actor,
                                 std::string_view word,
                                 const domain::ProjectTerms& terms) {
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  const Project old = names.find_project(actor, word);
  Project project = old;
  apply(terms, project);
  const Facts before = facts_of(names, old);
  const Facts after = facts_of(names, project);
  const AuditSubject subject{project.id.text(), project.name};
  if (before != after) {
    context.store.people().update_project(
        project, audit_change(context, actor, "project.edit", subject, before, after));
    start_new_windows(context.ledger, Scope::project, subject.id, old.limits, project.limits);
    context.publisher.publish_world();
  }
  if (terms.reset_spend) {
    reset_spend(context, actor, "project.reset_spend", Scope::project, subject, project.limits);
  }
  return view_of(context, names, std::move(project));
}

domain::ProjectView delete_project(const Context& context,
                                   const Actor& actor,
                                   std::string_view word) {
  const std::lock_guard lock(context.changes);
  const Names names(context.store.people());
  const Project& project = names.find_project(actor, word);
  if (project.name == domain::kDefaultName) {
    throw Error(Errc::conflict, "the project default can't be deleted");
  }
  domain::ProjectView view = view_of(context, names, project);
  context.store.people().delete_project(project.id,
                                        audit_change(context,
                                                     actor,
                                                     "project.delete",
                                                     {project.id.text(), project.name},
                                                     facts_of(names, project),
                                                     {}));
  context.publisher.publish_world();
  return view;
}

}  // namespace nufi::service
