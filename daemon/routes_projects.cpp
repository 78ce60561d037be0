#include "daemon/routes.hpp"
#include "lib/service/projects.hpp"

namespace nufi::daemon {

using api::to_json;

Reply get_projects(const RouteCall& call) {
  return list_reply(service::list_projects(call.context, call.actor, call.query_flag("all")));
}

Reply post_project(const RouteCall& call) {
  const auto terms = api::project_terms_from_json(call.body());
  return json_reply(to_json(service::create_project(call.context, call.actor, terms)), 201);
}

Reply get_project(const RouteCall& call) {
  return json_reply(to_json(service::show_project(call.context, call.actor, call.words[0])));
}

Reply patch_project(const RouteCall& call) {
  const auto terms = api::project_terms_from_json(call.body());
  return json_reply(to_json(service::edit_project(call.context, call.actor, call.words[0], terms)));
}

Reply delete_project(const RouteCall& call) {
  return json_reply(to_json(service::delete_project(call.context, call.actor, call.words[0])));
}

}  // namespace nufi::daemon
