#include "daemon/routes.hpp"
#include "lib/service/keys.hpp"

namespace nufi::daemon {

using api::to_json;

namespace {

Reply keys_reply(const RouteCall& call, service::KeyQuery query) {
  query.archived = call.query_flag("archived");
  query.limit = call.query_number("limit").value_or(0);
  query.after = call.query_text("after");
  const auto page = service::list_keys(call.context, call.actor, query);
  return list_reply(page.data, page.next);
}

}  // namespace

Reply get_keys(const RouteCall& call) {
  service::KeyQuery query;
  query.project = call.query_text("project");
  query.everyone = call.query_flag("all");
  return keys_reply(call, query);
}

Reply get_project_keys(const RouteCall& call) {
  service::KeyQuery query;
  query.project = call.words[0];
  return keys_reply(call, query);
}

Reply post_key(const RouteCall& call) {
  const auto terms = api::key_terms_from_json(call.body());
  return json_reply(to_json(service::create_key(call.context, call.actor, call.words[0], terms)),
                    201);
}

Reply get_key(const RouteCall& call) {
  return json_reply(to_json(service::show_key(call.context, call.actor, call.words[0])));
}

Reply patch_key(const RouteCall& call) {
  const auto terms = api::key_terms_from_json(call.body());
  return json_reply(to_json(service::edit_key(call.context, call.actor, call.words[0], terms)));
}

Reply delete_key(const RouteCall& call) {
  return json_reply(to_json(service::revoke_key(call.context, call.actor, call.words[0])));
}

Reply post_key_disable(const RouteCall& call) {
  return json_reply(to_json(service::disable_key(call.context, call.actor, call.words[0])));
}

Reply post_key_enable(const RouteCall& call) {
  return json_reply(to_json(service::enable_key(call.context, call.actor, call.words[0])));
}

}  // namespace nufi::daemon
