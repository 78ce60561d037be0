#include "daemon/routes.hpp"
#include "lib/service/people.hpp"

namespace nufi::daemon {

using api::to_json;

Reply get_profile(const RouteCall& call) {
  return json_reply(
      to_json(service::show_profile(call.context, call.actor, call.query_text("timezone"))));
}

Reply patch_profile(const RouteCall& call) {
  const auto terms = api::account_terms_from_json(call.body());
  return json_reply(to_json(service::edit_profile(call.context, call.actor, terms)));
}

Reply get_accounts(const RouteCall& call) {
  return list_reply(service::list_accounts(call.context, call.actor));
}

Reply get_account(const RouteCall& call) {
  return json_reply(to_json(service::show_account(call.context, call.actor, call.words[0])));
}

Reply patch_account(const RouteCall& call) {
  const auto terms = api::account_terms_from_json(call.body());
  return json_reply(to_json(service::edit_account(call.context, call.actor, call.words[0], terms)));
}

}  // namespace nufi::daemon
