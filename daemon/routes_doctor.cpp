#include "daemon/routes.hpp"
#include "lib/service/doctor.hpp"

namespace nufi::daemon {

Reply get_doctor(const RouteCall& call) {
  return json_reply(
      api::to_json(service::examine(call.context, call.actor, call.query_flag("offline"))));
}

}  // namespace nufi::daemon
