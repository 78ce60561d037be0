#include "daemon/routes.hpp"
#include "daemon/trace_text.hpp"
#include "lib/service/traces.hpp"

#include <utility>

namespace nufi::daemon {

using api::to_json;
using nlohmann::ordered_json;

Reply get_traces(const RouteCall& call) {
  service::TraceQuery query;
  if (const auto last = call.query_number("last")) query.last = *last;
  query.key = call.query_text("key");
  query.before = call.query_text("before");
  const auto page = service::list_traces(call.context, call.actor, query);
  return list_reply(page.data, page.next);
}

Reply get_trace(const RouteCall& call) {
  auto stored = service::show_trace(call.context, call.actor, call.words[0]);
  const auto facts = ordered_json::parse(stored.facts, nullptr, /*allow_exceptions=*/false);
  domain::TraceView view;
  view.trace = api::trace_facts_from_json(facts);
  view.trace.request.bytes = std::move(stored.request);
  view.trace.reply.bytes = std::move(stored.reply);
  read_conversation(view);
  auto reply = json_reply(to_json(view));
  reply.headers.emplace_back("Cache-Control", "no-store");
  return reply;
}

Reply delete_trace(const RouteCall& call) {
  return json_reply({{"id", service::remove_trace(call.context, call.actor, call.words[0])}});
}

Reply delete_traces(const RouteCall& call) {
  const auto count = service::remove_all_traces(call.context, call.actor);
  return json_reply({{"deleted", count ? ordered_json(*count) : ordered_json(nullptr)}});
}

Reply get_trace_mode(const RouteCall& call) {
  const auto key = call.query_text("key");
  return json_reply(to_json(service::show_trace_settings(call.context, call.actor, key)));
}

Reply put_trace_mode(const RouteCall& call) {
  const auto terms = api::trace_mode_terms_from_json(call.body());
  return json_reply(
      to_json(service::set_trace_mode(call.context, call.actor, terms.mode, terms.key)));
}

}  // namespace nufi::daemon
