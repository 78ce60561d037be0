#include "daemon/routes.hpp"
#include "lib/service/console.hpp"
#include "lib/service/tokens.hpp"

namespace nufi::daemon {

using api::to_json;

Reply get_tokens(const RouteCall& call) {
  return list_reply(service::list_tokens(call.context, call.actor));
}

Reply post_token(const RouteCall& call) {
  const auto terms = api::token_terms_from_json(call.body());
  return json_reply(to_json(service::create_token(call.context, call.actor, terms)), 201);
}

Reply get_token(const RouteCall& call) {
  return json_reply(to_json(service::show_token(call.context, call.actor, call.words[0])));
}

Reply delete_token(const RouteCall& call) {
  return json_reply(to_json(service::revoke_token(call.context, call.actor, call.words[0])));
}

Reply post_console_link(const RouteCall& call) {
  return json_reply(to_json(service::make_console_link(call.context, call.actor)), 201);
}

}  // namespace nufi::daemon
