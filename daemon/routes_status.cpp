#include "daemon/routes.hpp"
#include "lib/service/reports.hpp"

namespace nufi::daemon {

Reply get_status(const RouteCall& call) {
  return json_reply(api::to_json(service::show_status(call.context, call.actor)));
}

Reply post_shutdown(const RouteCall& call) {
  service::require_admin(call.actor, "stop nufid");
  call.stop_daemon();
  return json_reply(
      {{"draining", true}, {"drain_timeout_seconds", call.context.facts.drain_timeout.count()}},
      202);
}

}  // namespace nufi::daemon
