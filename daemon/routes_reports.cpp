#include "daemon/routes.hpp"
#include "lib/service/reports.hpp"

namespace nufi::daemon {

using api::to_json;

Reply get_usage(const RouteCall& call) {
  service::UsageQuery query;
  query.days = call.query_number("days");
  query.from = call.query_time("from");
  query.to = call.query_time("to");
  if (const auto by = call.query("by")) query.by = *by;
  query.key = call.words.empty() ? call.query_text("key") : call.words[0];
  query.project = call.query_text("project");
  query.timezone = call.query_text("timezone");
  query.top = call.query_number("top");
  return json_reply(to_json(service::report_usage(call.context, call.actor, query)));
}

Reply get_requests(const RouteCall& call) {
  service::RequestQuery query;
  if (const auto last = call.query_number("last")) query.last = *last;
  query.key = call.query_text("key");
  query.model = call.query_text("model");
  query.status = call.query_text("status");
  query.since = call.query_time("since");
  query.after = call.query_text("after");
  query.before = call.query_text("before");
  const auto page = service::list_requests(call.context, call.actor, query);
  return list_reply(page.data, page.next);
}

Reply post_ledger_verify(const RouteCall& call) {
  const auto report = service::verify_ledger(call.context, call.actor);
  auto faults = nlohmann::ordered_json::array();
  for (const store::LedgerFault& fault : report.faults) faults.push_back({{"what", fault.what}});
  return json_reply({{"ok", report.faults.empty()},
                     {"rows", report.rows},
                     {"rollups", report.rollups},
                     {"windows", report.windows},
                     {"faults", faults}});
}

}  // namespace nufi::daemon
