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
  const auto& end = call.query_flag("purge") ? service::delete_key : service::revoke_key;
  return json_reply(to_json(end(call.context, call.actor, call.words[0])));
}

Reply post_key_disable(const RouteCall& call) {
  return json_reply(to_json(service::disable_key(call.context, call.actor, call.words[0])));
}

Reply post_key_enable(const RouteCall& call) {
  return json_reply(to_json(service::enable_key(call.context, call.actor, call.words[0])));
}

Reply post_key_rotate(const RouteCall& call) {
  // Without a body there is no overlap.
  api::RotateTerms terms;
  if (!call.request.body.empty()) terms = api::rotate_terms_from_json(call.body());
  return json_reply(
      to_json(service::rotate_key(call.context, call.actor, call.words[0], terms.overlap)));
}

Reply post_key_lease(const RouteCall& call) {
  const auto terms = api::lease_terms_from_json(call.body());
  return json_reply(
      to_json(service::renew_lease(call.context, call.actor, call.words[0], terms.lease)));
}

Reply post_key_archive(const RouteCall& call) {
  return json_reply(to_json(service::archive_key(call.context, call.actor, call.words[0])));
}

Reply post_key_unarchive(const RouteCall& call) {
  return json_reply(to_json(service::unarchive_key(call.context, call.actor, call.words[0])));
}

Reply post_key_check(const RouteCall& call) {
  const auto terms = api::check_terms_from_json(call.body());
  return json_reply(to_json(
      service::check_key(call.context, call.actor, call.words[0], terms.model, terms.tokens)));
}

Reply post_keys_revoke_all(const RouteCall& call) {
  return list_reply(service::revoke_all_keys(call.context, call.actor));
}

}  // namespace nufi::daemon
