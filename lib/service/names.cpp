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
          near ? "did you mean " + *near : ""};
}

}  // namespace

Names::Names(store::People& people) {
  for (auto& account : people.accounts()) accounts_.emplace(account.id, std::move(account));
  for (auto& project : people.projects()) projects_.emplace(project.id, std::move(project));
  for (auto& group : people.groups()) groups_.emplace(group.id, std::move(group));
}

std::string Names::account(const domain::AccountId& id) const {
  const auto found = accounts_.find(id);
  return found == accounts_.end() ? id.text() : found->second.username;
}

std::string Names::project(const domain::ProjectId& id) const {
  const auto found = projects_.find(id);
  return found == projects_.end() ? id.text() : found->second.name;
}

std::string Names::group(const domain::GroupId& id) const {
  const auto found = groups_.find(id);
  return found == groups_.end() ? id.text() : found->second.name;
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

const domain::Group& Names::find_group(std::string_view word) const {
  std::vector<std::string> names;
  for (const auto& [id, group] : groups_) {
    if (group.name == word || id.text() == word) return group;
    names.push_back(group.name);
  }
  throw no_such("group", word, names);
}

}  // namespace nufi::service
