#include "lib/service/names.hpp"

#include "lib/base/error.hpp"
#include "lib/base/text.hpp"

#include <vector>

namespace nufi::service {

namespace {

Error no_such(std::string_view what, std::string_view word, const std::vector<std::string>& names) {
  const auto near = closest(word, names);
  return {Errc::not_found,
          "there is no " + std::string(what) + " called '" + std::string(word) + "'",
          near ? "did you mean " + *near : "see them all: nufi " + std::string(what) + "s list"};
}

}  // namespace

void check_name(std::string_view name, std::string_view prefix) {
  if (!is_valid_name(name)) {
    throw Error(Errc::invalid,
                "name must be 1 to 64 printable characters without a space at either end",
                "for example laptop or ci-nightly");
  }
  // A word that starts like an id would be taken for one, or hide one.
  if (name.starts_with(prefix)) {
    throw Error(Errc::invalid, "name must not start with " + std::string(prefix) + ", as ids do");
  }
}

Names::Names(store::People& people) {
  for (auto& account : people.accounts()) accounts_.emplace(account.id, std::move(account));
  for (auto& project : people.projects()) projects_.emplace(project.id, std::move(project));
  for (auto& group : people.groups()) groups_.emplace(group.id, std::move(group));
  for (auto& gone : people.deleted_projects()) {
    deleted_.emplace(gone.id.text(), std::move(gone.name));
  }
  for (auto& gone : people.deleted_groups()) {
    deleted_.emplace(gone.id.text(), std::move(gone.name));
  }
}

std::string Names::account(const domain::AccountId& id) const {
  const auto found = accounts_.find(id);
  return found == accounts_.end() ? id.text() : found->second.username;
}

std::string Names::project(const domain::ProjectId& id) const {
  const auto found = projects_.find(id);
  return found == projects_.end() ? deleted(id.text()) : found->second.name;
}

std::string Names::group(const domain::GroupId& id) const {
  const auto found = groups_.find(id);
  return found == groups_.end() ? deleted(id.text()) : found->second.name;
}

std::string Names::deleted(const std::string& id) const {
  const auto found = deleted_.find(id);
  return found == deleted_.end() ? id : found->second;
}

const domain::Project& Names::find_project(const domain::AccountId& account,
                                           std::string_view word) const {
  std::vector<std::string> names;
  for (const auto& [id, project] : projects_) {
    if (project.account != account) continue;
    if (project.name == word || id.text() == word) return project;
    names.push_back(project.name);
  }
  throw no_such("project", word, names);
}

const domain::Project& Names::find_project(const Actor& actor, std::string_view word) const {
  if (actor.is_admin()) {
    const auto found = projects_.find(domain::ProjectId(std::string(word)));
    if (found != projects_.end()) return found->second;
  }
  return find_project(actor.account, word);
}

const domain::Group& Names::find_group(std::string_view word) const {
  std::vector<std::string> names;
  for (const auto& [id, group] : groups_) {
    if (group.name == word || id.text() == word) return group;
    names.push_back(group.name);
  }
  throw no_such("group", word, names);
}

}  // namespace nufi::service
