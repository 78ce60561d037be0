#include "daemon/routes.hpp"
#include "lib/service/audit.hpp"

namespace nufi::daemon {

Reply get_audit(const RouteCall& call) {
  service::AuditQuery query;
  if (const auto last = call.query_number("last")) query.last = *last;
  query.before = call.query_number("before").value_or(0);
  const auto page = service::list_audit(call.context, call.actor, query);
  return list_reply(page.data, page.next);
}

}  // namespace nufi::daemon
