#include "daemon/routes.hpp"
#include "lib/service/groups.hpp"

namespace nufi::daemon {

using api::to_json;

Reply get_groups(const RouteCall& call) {
  return list_reply(service::list_groups(call.context, call.actor));
}

Reply post_group(const RouteCall& call) {
  const auto terms = api::group_terms_from_json(call.body());
  return json_reply(to_json(service::create_group(call.context, call.actor, terms)), 201);
}

Reply get_group(const RouteCall& call) {
  return json_reply(to_json(service::show_group(call.context, call.actor, call.words[0])));
}

Reply patch_group(const RouteCall& call) {
  const auto terms = api::group_terms_from_json(call.body());
  return json_reply(to_json(service::edit_group(call.context, call.actor, call.words[0], terms)));
}

Reply delete_group(const RouteCall& call) {
  return json_reply(to_json(service::delete_group(call.context, call.actor, call.words[0])));
}

}  // namespace nufi::daemon
