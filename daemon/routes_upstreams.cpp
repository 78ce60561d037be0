#include "daemon/routes.hpp"
#include "lib/base/text.hpp"
#include "lib/service/discover.hpp"
#include "lib/service/upstreams.hpp"

namespace nufi::daemon {

using api::to_json;

namespace {

/// "ports": numbers between commas; absent = the usual ones.
Reply discover(const RouteCall& call, bool add) {
  std::vector<std::int64_t> ports;
  const std::string text = call.query_text("ports");
  for (const std::string& word : text.empty() ? std::vector<std::string>() : split(text, ',')) {
    const auto port = parse_integer(word);
    if (!port) throw Error(Errc::invalid, "ports must be whole numbers between commas");
    ports.push_back(*port);
  }
  return list_reply(service::discover_upstreams(call.context, call.actor, ports, add));
}

}  // namespace

Reply get_upstreams(const RouteCall& call) {
  return list_reply(service::list_upstreams(call.context, call.actor));
}

Reply post_upstream(const RouteCall& call) {
  const auto terms = api::upstream_terms_from_json(call.body());
  return json_reply(to_json(service::add_upstream(call.context, call.actor, terms)), 201);
}

Reply get_upstream(const RouteCall& call) {
  return json_reply(to_json(service::show_upstream(call.context, call.actor, call.words[0])));
}

Reply patch_upstream(const RouteCall& call) {
  const auto terms = api::upstream_terms_from_json(call.body());
  return json_reply(
      to_json(service::edit_upstream(call.context, call.actor, call.words[0], terms)));
}

Reply delete_upstream(const RouteCall& call) {
  service::remove_upstream(call.context, call.actor, call.words[0]);
  return json_reply({{"removed", call.words[0]}});
}

Reply post_upstream_test(const RouteCall& call) {
  const auto steps =
      service::test_upstream(call.context, call.actor, call.words[0], call.query_text("model"));
  auto list = nlohmann::ordered_json::array();
  for (const domain::ProbeStep& step : steps) list.push_back(to_json(step));
  return json_reply({{"steps", list}});
}

Reply get_upstreams_discover(const RouteCall& call) {
  return discover(call, /*add=*/false);
}

Reply post_upstreams_discover(const RouteCall& call) {
  return discover(call, /*add=*/true);
}

}  // namespace nufi::daemon
